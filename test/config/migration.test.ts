import { describe, expect, it } from "vitest";
import { load } from "./folder.ts";

/** A file with every section that Voucher's own sample has, in its order and with its kinds of placeholder. */
const SAMPLE = `
dryrun = false
scanner = "metadata"
failon = "high"
metadata_client = "containeranalysis"
binauth_project = "PROJECT"
signer = "kms"
valid_repos = ["gcr.io/a/path/to/ours"]
trusted_builder_identities = ["someone@example.com", "cloudbuild.example.com"]
trusted_projects = ["ours"]

[checks]
diy = true
nobody = true
provenance = true
snakeoil = true

[server]
port = 8000
require_auth = true
username = "a name"
password = "a bcrypt hash"

[ejson]
dir = "/keys"
secrets = "/etc/voucher/secrets.ejson"

[metrics]
backend = "statsd"
tags = []

[statsd]
addr = "localhost:8125"
sample_rate = 0.1

[opentelemetry]
addr = "grpc://localhost:4317"
insecure = true

[repository.acme]
org-url = "https://github.com/Acme"

[repository.other]
org-url = "https://github.com/other"

[[kms_keys]]
check = "diy"
path = "projects/<PROJECT>/locations/global/keyRings/<RING>/cryptoKeys/<KEY>/cryptoKeyVersions/<VERSION>"
algo = "SHA512"

[[kms_keys]]
check = "snakeoil"
path = "projects/<PROJECT>/locations/global/keyRings/<RING>/cryptoKeys/<KEY>/cryptoKeyVersions/<VERSION>"
algo = "SHA512"

[grafeasos]
hostname = ""
version = ""
vuln_project = ""
`;

describe("a configuration file as Voucher's sample is", () => {
  it("loads as it is, and warns of what is not meant so", async () => {
    const { config, warnings } = await load(SAMPLE);
    expect(config).toMatchObject({
      all: ["diy", "nobody", "provenance", "snakeoil"],
      failon: "high",
      validRepos: ["gcr.io/a/path/to/ours"],
      metrics: { backend: "statsd", tags: [] },
      statsd: { addr: "localhost:8125", sampleRate: 0.1 },
    });
    expect(warnings.map((line) => line.replace(/^\S+: /, ""))).toEqual([
      "grafeasos.vuln_project: is written grafeasos.vul_project",
      expect.stringMatching(/^kms_keys\[0\].path: names no key version of Cloud KMS/),
      expect.stringMatching(/^kms_keys\[1\].path: names no key version of Cloud KMS/),
      "checks.nobody: has no key in [[kms_keys]], so no image is ever attested for it",
      "checks.provenance: has no key in [[kms_keys]], so no image is ever attested for it",
    ]);
  });
});

describe("a name that Voucher's samples or older versions have", () => {
  it.each([
    ["trusted_builder-identities", 'trusted_builder-identities = ["a"]', { trustedBuilderIdentities: ["a"] }],
    ["grafeasos.vuln_project", '[grafeasos]\nvuln_project = "v"', { grafeasos: { vulProject: "v" } }],
    ["statsd.tags", '[statsd]\ntags = ["env:x"]', { metrics: { tags: ["env:x"] } }],
  ])("is accepted with a warning: %s", async (name, text, expected) => {
    const { config, warnings } = await load(text);
    expect(config).toMatchObject(expected);
    expect(warnings).toEqual([expect.stringContaining(`voucher.toml: ${name}: is written `)]);
  });

  it("gives way to today's name where both are set", async () => {
    const { config, warnings } = await load('[grafeasos]\nvuln_project = "old"\nvul_project = "new"');
    expect(config.grafeasos.vulProject).toBe("new");
    expect(warnings).toEqual([expect.stringContaining("vul_project, which is set too and counts")]);
  });

  it.each(["g", "gca"])("is read as metadata, with a warning: scanner %s", async (scanner) => {
    const { config, warnings } = await load(`scanner = "${scanner}"`);
    expect(config.scanner).toBe("metadata");
    expect(warnings).toEqual([expect.stringContaining(`scanner: "${scanner}" is Voucher's old name`)]);
  });
});

describe("an empty list of valid_repos", () => {
  it("is a list that names nothing, not a list that is not set", async () => {
    const { config, warnings } = await load("valid_repos = []");
    expect(config.validRepos).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("valid_repos: is an empty list")]);
  });
});
