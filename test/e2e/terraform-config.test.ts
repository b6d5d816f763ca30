import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig } from "../../lib/config/load.ts";
import { openWorkspace, type Workspace } from "../support/terraform/workspace.ts";
import { describeWith } from "../support/tools.ts";

const SETTINGS = "modules/settings";
const KEYS = "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys";
const TOPICS = "projects/my-project-1/topics";

const check = { key_version: 1, retiring_versions: [], attestor: null };
const called = { public: false, cpu: 1, concurrency: 8 };
const VARIABLES = {
  name: "voucher",
  project_id: "my-project-1",
  region: "europe-west1",
  image: null,
  source_archive: "voucher.zip",
  functions: { onPush: called, onOccurrence: called },
  checks: { diy: check, nobody: check },
  images: { project_id: "my-images", push_topic: "gcr" },
  kms: { location: null, key_ring: null },
  delivery: {
    review_seconds: 200,
    min_backoff_seconds: 10,
    max_backoff_seconds: 600,
    max_attempts: 12,
    pending_minutes: 90,
  },
  verdicts: false,
  config_text: null,
  secrets: {},
  referenced_secrets: {},
  admission: null,
  kubernetes_service_accounts: [],
};

describeWith(["terraform"], "the configuration that Terraform writes", () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await openWorkspace();
    expect(await workspace.terraform(SETTINGS, "init", "-input=false")).toMatchObject({ code: 0 });
  });

  afterAll(() => workspace.close());

  it("is read by Voucher as it was meant", async () => {
    const { config, warnings } = await written({
      config: {
        failon: "high",
        valid_repos: ["europe-docker.pkg.dev/my-images/apps", "harbor.example.com/apps"],
        limits: { children: 64 },
        snakeoil: { only_fixable: true, platforms: ["linux/amd64"] },
        server: {
          auth: "oidc",
          audience: "voucher",
          allowed_emails: ["ci@my-images.iam.gserviceaccount.com"],
        },
      },
    });

    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      failon: "high",
      validRepos: ["europe-docker.pkg.dev/my-images/apps", "harbor.example.com/apps"],
      binauthProject: "my-project-1",
      imageProject: "my-images",
      signer: "kms",
      all: ["diy", "nobody"],
      kmsKeys: [
        { check: "diy", path: `${KEYS}/diy/cryptoKeyVersions/1` },
        { check: "nobody", path: `${KEYS}/nobody/cryptoKeyVersions/1` },
      ],
      events: {
        maxAttempts: 12,
        waitingTopic: `${TOPICS}/voucher-waiting`,
        deadLetterTopic: `${TOPICS}/voucher-dead-letters`,
        verdictTopic: `${TOPICS}/voucher-verdicts`,
      },
      pending: { maxMinutes: 90 },
      limits: { timeoutSeconds: 200, children: 64 },
      snakeoil: { onlyFixable: true },
      server: { auth: "oidc", audience: "voucher" },
    });
  });

  it("keeps every text to the letter, quotes, colons, backslashes and line breaks included", async () => {
    const reason = 'a "quoted": \\text\\, <ü> \t😀\n{"not":"json"}';
    const { config } = await written({
      checks: { snakeoil: check },
      config: {
        failon: "high",
        snakeoil: { allow: [{ id: "CVE-2026-1", reason, expires: "2027-01-31" }] },
      },
    });

    expect(config.snakeoil.allow).toMatchObject([{ reason }]);
  });

  it("leaves to a group the checks that only the group is to run", async () => {
    const { config } = await written({
      config: { checks: { nobody: false }, required: { production: { nobody: true } } },
    });

    expect(config.all).toEqual(["diy"]);
    expect(config.required).toEqual({ production: ["nobody"] });
  });

  it("may be a file, as the example has one", async () => {
    const file = join(workspace.folder, "examples/existing-topic/voucher.toml");
    const { config, warnings } = await loadConfig({ file, env: {}, cwd: workspace.folder, home: "" });

    expect(warnings).toEqual([]);
    expect(config.kmsKeys.map(({ path }) => path)).toEqual([
      `${KEYS}/diy/cryptoKeyVersions/1`,
      `${KEYS}/nobody/cryptoKeyVersions/1`,
    ]);
  });

  async function written(variables: object) {
    const values = join(workspace.folder, "values.tfvars.json");
    await writeFile(values, JSON.stringify({ ...VARIABLES, ...variables }));
    const applied = await workspace.terraform(SETTINGS, "apply", "-auto-approve", `-var-file=${values}`);
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = await workspace.terraform(SETTINGS, "output", "-json");
    const file = join(workspace.folder, "config.toml");
    await writeFile(file, JSON.parse(stdout).config.value);
    return loadConfig({ file, env: {}, cwd: workspace.folder, home: "" });
  }
});
