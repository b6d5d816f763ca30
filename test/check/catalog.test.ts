import { describe, expect, it } from "vitest";
import { type CheckSettings, makeCheck } from "../../lib/check/catalog.ts";
import { CHECK_NAMES } from "../../lib/check/names.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { build, commit, evidenceWith, IMAGE, TRUST } from "./facts.ts";

const SETTINGS: CheckSettings = {
  ...TRUST,
  failon: "high",
  validRepos: ["gcr.io/project"],
  repositories: { acme: { orgUrl: "https://github.com/acme" } },
};
const evidence = evidenceWith({
  imageConfig: IMAGE.config,
  builds: { found: [build()] },
  vulnerabilities: {
    found: [{ id: "CVE-2026-1", severity: "medium", package: "openssl", fixable: false }],
  },
  commit: () => commit(),
});
const statusOf = async (name: string, settings: CheckSettings) =>
  (await makeCheck(name, settings)?.judge(evidence))?.status;

describe("the catalog of checks", () => {
  it("has Voucher's, in its order", () => {
    expect(CHECK_NAMES).toEqual(["diy", "nobody", "snakeoil", "provenance", "approved"]);
  });

  it.each([...CHECK_NAMES, "is_acme"])("makes %s by its name, with one sentence about it", (name) => {
    const check = makeCheck(name, SETTINGS);
    expect(check?.name).toBe(name);
    expect(check?.description).toMatch(/^[A-Z].*\.$/);
  });

  it.each(["", "Nobody", "no-such-check", "is_", "is_other", "is_constructor", "constructor", "__proto__"])(
    "makes none called %j",
    (name) => {
      expect(makeCheck(name, SETTINGS)).toBeUndefined();
    },
  );
});

describe("each setting reaches its check", () => {
  const { validRepos: _1, ...noRepos } = SETTINGS;
  const snakeoil = { onlyFixable: false, platforms: "all", allow: [] } as const;
  const acme = (orgUrl: string) => ({ ...SETTINGS, repositories: { acme: { orgUrl } } });

  it.each<[string, string, CheckSettings, string]>([
    ["diy", "valid_repos", SETTINGS, "pass"],
    ["diy", "no valid_repos", noRepos, "fail"],
    ["nobody", "nothing", {}, "pass"],
    ["snakeoil", "failon", SETTINGS, "pass"],
    ["snakeoil", "a lower failon", { ...SETTINGS, failon: "low" }, "fail"],
    ["snakeoil", "only_fixable", { failon: "low", snakeoil: { ...snakeoil, onlyFixable: true } }, "pass"],
    [
      "snakeoil",
      "allow",
      {
        failon: "low",
        snakeoil: {
          ...snakeoil,
          allow: [{ id: "CVE-2026-1", reason: "why", expires: "2027-01-01T00:00:00Z" }],
        },
      },
      "pass",
    ],
    ["provenance", "both trusted lists", TRUST, "pass"],
    ["provenance", "no trusted builder", { trustedProjects: TRUST.trustedProjects }, "fail"],
    ["provenance", "no trusted project", { ...TRUST, trustedProjects: [] }, "fail"],
    ["approved", "both trusted lists", TRUST, "pass"],
    ["approved", "none", {}, "fail"],
    ["is_acme", "org-url", SETTINGS, "pass"],
    ["is_acme", "another's org-url", acme("https://github.com/other"), "fail"],
    ["is_acme", "no trusted builder", { ...SETTINGS, trustedBuilderIdentities: [] }, "fail"],
  ])("%s with %s", async (name, _, settings, status) => {
    expect(await statusOf(name, settings)).toBe(status);
  });

  it("approved.head, which is exact unless set", async () => {
    const earlier = { ...evidence, commit: async () => commit({ position: "ancestor" }) };
    const judge = async (settings: CheckSettings) =>
      (await makeCheck("approved", settings)?.judge(earlier))?.status;
    expect(await judge(TRUST)).toBe("fail");
    expect(await judge({ ...TRUST, approved: { head: "ancestor" } })).toBe("pass");
  });

  it("snakeoil.platforms", () => {
    const platforms = [parsePlatform("linux/amd64")];
    const check = makeCheck("snakeoil", { failon: "high", snakeoil: { ...snakeoil, platforms } });
    expect(check?.covers?.(parsePlatform("linux/arm64"))).toBe(false);
  });
});

describe("settings that a check cannot do without", () => {
  it("are refused when it is made, not on the first request (there Voucher ended its process)", () => {
    expect(() => makeCheck("snakeoil", {})).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining('write failon = "high"') }),
    );
    expect(() => makeCheck("is_acme", { repositories: { acme: { orgUrl: "acme" } } })).toThrow(
      expect.objectContaining({
        code: "config",
        message: expect.stringContaining("repository.acme.org-url"),
      }),
    );
  });
});
