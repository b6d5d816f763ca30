import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

describe("an environment variable", () => {
  it.each([
    ["DRYRUN", "true", { dryrun: true }],
    ["DRYRUN", "1", { dryrun: true }],
    ["SCANNER", "metadata", { scanner: "metadata" }],
    ["FAILON", "low", { failon: "low" }],
    ["SIGNER", "pkix", { signer: "pkix" }],
    ["BINAUTH_PROJECT", "p", { binauthProject: "p" }],
    ["IMAGE_PROJECT", "p", { imageProject: "p" }],
    ["METADATA_CLIENT", "containeranalysis", { metadataClient: "containeranalysis" }],
    ["VALID_REPOS", "gcr.io/a gcr.io/b", { validRepos: ["gcr.io/a", "gcr.io/b"] }],
    ["TRUSTED_BUILDER_IDENTITIES", "a@example.com", { trustedBuilderIdentities: ["a@example.com"] }],
    ["TRUSTED_PROJECTS", "p q", { trustedProjects: ["p", "q"] }],
  ])("%s=%s stands above the file", async (name, value, expected) => {
    const file =
      'dryrun = false\nsigner = "pkix"\nfailon = "high"\nvalid_repos = ["quay.io"]\ntrusted_projects = ["x"]';
    const { config } = await load(file, { env: { [name]: value } });
    expect(config).toMatchObject(expected);
  });

  it("that is empty stands above nothing", async () => {
    const { config } = await load("dryrun = true", { env: { DRYRUN: "" } });
    expect(config.dryrun).toBe(true);
  });

  it("of another program's is not taken for a table of ours", async () => {
    const env = {
      SERVER: "x",
      CHECKS: "x",
      METRICS: "x",
      PLATFORMS: "x",
      EVENTS: "x",
      SECRETS: "x",
      OCI: "x",
      PORT: "8080",
    };
    const { config, warnings } = await load("", { env });
    expect({ port: config.server.port, warnings }).toEqual({ port: undefined, warnings: [] });
  });

  it("that makes no sense is named in the error, not the file", async () => {
    expect(
      await problemsOf(load("", { env: { DRYRUN: "perhaps", SIGNER: "gpg", VALID_REPOS: "https://x" } })),
    ).toEqual([
      'environment variable DRYRUN: must be true or false, not "perhaps"',
      'environment variable VALID_REPOS: "https://x" is no registry, nor a path below one',
      'environment variable SIGNER: must be one of pgp, kms, pkix, not "gpg"',
    ]);
  });
});

describe("single-target mode", () => {
  it.each([
    [{ VOUCHER_TARGET_ARCH: "arm64" }, { os: "linux", architecture: "arm64" }],
    [{ VOUCHER_TARGET_OS: "windows" }, { os: "windows", architecture: "amd64" }],
    [
      { VOUCHER_TARGET_OS: "linux", VOUCHER_TARGET_ARCH: "arm/v7" },
      { os: "linux", architecture: "arm", variant: "v7" },
    ],
  ])("%j selects one platform and never attests an index", async (env, platform) => {
    const { config } = await load("", { env });
    expect(config.platforms).toEqual({ select: [platform], index: "never" });
  });

  it("stands above the file's own selection and its index policy", async () => {
    const text = '[platforms]\nselect = ["linux/s390x"]\nindex = "all"';
    const { config } = await load(text, { env: { VOUCHER_TARGET_ARCH: "arm64" } });
    expect(config.platforms).toEqual({ select: [{ os: "linux", architecture: "arm64" }], index: "never" });
  });

  it("gives way to what the command line names", async () => {
    const platforms = [{ os: "linux", architecture: "riscv64" }];
    const { config } = await load("", { env: { VOUCHER_TARGET_ARCH: "arm64" }, flags: { platforms } });
    expect(config.platforms).toEqual({ select: platforms, index: "never" });
  });

  it.each([
    { VOUCHER_TARGET_ARCH: "a b" },
    { VOUCHER_TARGET_OS: "linux/arm" },
    { VOUCHER_TARGET_ARCH: "arm/v7/x" },
  ])("%j names no platform", async (env) => {
    expect(await problemsOf(load("", { env }))).toEqual([
      expect.stringMatching(/^environment: .* is no platform; set/),
    ]);
  });

  it("is off where both variables are empty", async () => {
    const { config } = await load("", { env: { VOUCHER_TARGET_OS: "", VOUCHER_TARGET_ARCH: "" } });
    expect(config.platforms).toEqual({ select: "all", index: "all" });
  });
});
