import { join } from "node:path";
import { stringify as toToml } from "smol-toml";
import { describe, expect, it } from "vitest";
import { stringify as toYaml } from "yaml";
import { normalizeKeys } from "../../lib/config/keys.ts";
import { parseFile } from "../../lib/config/parse.ts";
import { readConfigFile } from "../../lib/config/read.ts";
import { toConfig } from "../../lib/config/settings.ts";
import { EVERY_KEY, EVERY_SETTING } from "./every-key.ts";
import { folderWith, load } from "./folder.ts";

describe("every key of the configuration", () => {
  it.each([
    ["toml", toToml(EVERY_KEY)],
    ["yaml", toYaml(EVERY_KEY)],
    ["json", JSON.stringify(EVERY_KEY)],
  ])("is read from %s, with the same meaning", async (format, text) => {
    const folder = await folderWith({ [`voucher.${format}`]: text });
    const document = await readConfigFile(join(folder, `voucher.${format}`));
    const { file, problems } = parseFile(normalizeKeys(document));
    expect(problems).toEqual([]);
    expect(toConfig(file, "/etc/voucher", {})).toStrictEqual(EVERY_SETTING);
  });
});

describe("a configuration that says nothing", () => {
  it("has Voucher's defaults, and those of the design", async () => {
    const { config } = await load("");
    expect(config).toStrictEqual({
      dryrun: false,
      scanner: "metadata",
      trustedBuilderIdentities: [],
      trustedProjects: [],
      metadataClient: "containeranalysis",
      containeranalysis: { endpoint: "https://containeranalysis.googleapis.com" },
      grafeasos: {},
      oci: { cosignTags: false },
      signer: "pgp",
      kms: { endpoint: "https://cloudkms.googleapis.com" },
      kmsKeys: [],
      pkixKeys: [],
      trustedKeys: [],
      allowSharedKeys: false,
      all: [],
      required: {},
      customChecks: [],
      repositories: {},
      github: { endpoint: "https://api.github.com/graphql" },
      snakeoil: { onlyFixable: false, platforms: "all", allow: [] },
      approved: { head: "exact" },
      platforms: { select: "all", index: "all" },
      limits: {
        manifestBytes: 4_194_304,
        configBytes: 4_194_304,
        reviewBytes: 67_108_864,
        children: 128,
        depth: 3,
        documents: 512,
        requestsPerHost: 8,
        requestsPerInstance: 64,
        timeoutSeconds: 240,
      },
      registry: { insecure: [], secure: [], trustedRealms: [] },
      events: {},
      pending: { maxMinutes: 60 },
      server: { timeoutSeconds: 240, requireAuth: false, auth: "basic", allowedEmails: [] },
      pubsub: { timeoutSeconds: 240 },
      ejson: {},
      sops: {},
      secrets: { endpoint: "https://secretmanager.googleapis.com" },
      metrics: { tags: [] },
      statsd: { sampleRate: 1 },
      opentelemetry: { insecure: false, intervalSeconds: 60 },
      datadog: { endpoint: "https://api.datadoghq.com" },
      webhooks: {},
    });
  });

  it("may say so with empty tables and empty texts, as samples do", async () => {
    const { config } = await load(
      'checks:\nserver:\nsigner: ""\nbinauth_project: ""\ngrafeasos: {hostname: ""}\n',
      {
        format: "yaml",
      },
    );
    expect(config).toStrictEqual((await load("")).config);
  });
});

describe("what the command line sets", () => {
  it("stands above file and environment", async () => {
    const text = "dryrun = false\n[limits]\ntimeout_seconds = 10";
    const { config } = await load(text, {
      env: { DRYRUN: "false" },
      flags: { dryrun: true, timeoutSeconds: 20 },
    });
    expect([config.dryrun, config.limits.timeoutSeconds]).toEqual([true, 20]);
  });

  it("may select platforms although the file's index policy is `all`", async () => {
    const platforms = [{ os: "linux", architecture: "arm64" }];
    const { config } = await load('[platforms]\nindex = "all"', { flags: { platforms } });
    expect(config.platforms).toEqual({ select: platforms, index: "never" });
  });
});

describe("values that Voucher reads leniently", () => {
  it("may be texts", async () => {
    const text =
      'dryrun = "TRUE"\nvalid_repos = "gcr.io/a gcr.io/b"\n[server]\nport = "8080"\n[statsd]\nsample_rate = "0.5"';
    const { config } = await load(text);
    expect(config).toMatchObject({
      dryrun: true,
      validRepos: ["gcr.io/a", "gcr.io/b"],
      server: { port: 8080 },
    });
    expect(config.statsd.sampleRate).toBe(0.5);
  });

  it("may have keys in any case", async () => {
    const { config } = await load("[Checks]\nNobody = true\n[Required.Prod]\nDIY = true");
    expect([config.all, config.required]).toEqual([["nobody"], { prod: ["diy"] }]);
  });
});

describe("a date in TOML", () => {
  it("is the same as one in quotes", async () => {
    const entry = (expires: string) => `[[snakeoil.allow]]\nid = "CVE-1"\nreason = "r"\nexpires = ${expires}`;
    const [bare, quoted] = [await load(entry("2027-06-30")), await load(entry('"2027-06-30"'))];
    expect(bare.config.snakeoil.allow[0]?.expires).toBe("2027-06-30T00:00:00.000Z");
    expect(quoted.config.snakeoil).toEqual(bare.config.snakeoil);
  });
});
