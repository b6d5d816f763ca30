import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Config } from "../../lib/config/config.ts";
import { policyDigest, policyOf } from "../../lib/config/policy.ts";
import { load } from "./folder.ts";

const config = async (text: string): Promise<Config> => (await load(text)).config;
const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

const TRUST = 'trusted_builder_identities = ["b@example.com"]\ntrusted_projects = ["p"]\n';
const TRUSTED = { trusted_builder_identities: ["b@example.com"], trusted_projects: ["p"] };

describe("the policy of a check", () => {
  it.each<[string, string, object]>([
    ["diy", 'valid_repos = ["gcr.io/b/", "gcr.io/a"]', { valid_repos: ["gcr.io/b", "gcr.io/a"] }],
    ["diy", "", { valid_repos: [] }],
    ["nobody", 'valid_repos = ["gcr.io/a"]', {}],
    [
      "snakeoil",
      'failon = "high"\n[snakeoil]\nplatforms = ["linux/amd64"]\n[[snakeoil.allow]]\nid = "CVE-1"\nreason = "r"\nexpires = 2027-01-31',
      {
        failon: "high",
        only_fixable: false,
        platforms: ["linux/amd64"],
        allow: [{ id: "CVE-1", reason: "r", expires: "2027-01-31T00:00:00.000Z" }],
      },
    ],
    ["provenance", TRUST, TRUSTED],
    ["approved", `${TRUST}[approved]\nhead = "ancestor"`, { head: "ancestor", ...TRUSTED }],
    [
      "is_acme",
      `${TRUST}[repository.acme]\norg-url = "https://github.com/Acme"`,
      { "org-url": "https://github.com/Acme", ...TRUSTED },
    ],
    ["mine", '[checks.mine]\nmodule = "./mine.js"\noptions = { days = 3 }', { options: { days: 3 } }],
    ["mine", '[checks.mine]\nmodule = "./mine.js"', {}],
  ])("is what the configuration tells it: %s", async (check, text, policy) => {
    expect(policyOf(check, await config(text))).toEqual(policy);
  });

  it("has the digest of its canonical JSON, which anybody can make", async () => {
    expect(policyDigest("nobody", await config(""))).toBe(sha256("{}"));
    expect(policyDigest("approved", await config(TRUST))).toBe(
      sha256('{"head":"exact","trusted_builder_identities":["b@example.com"],"trusted_projects":["p"]}'),
    );
  });

  it("has another digest with every other setting, and the same with every other check's", async () => {
    const digest = async (text: string) => policyDigest("snakeoil", await config(text));
    const high = await digest('failon = "high"');
    expect(await digest('failon = "low"')).not.toBe(high);
    expect(await digest('failon = "high"\nvalid_repos = ["gcr.io/a"]')).toBe(high);
  });
});
