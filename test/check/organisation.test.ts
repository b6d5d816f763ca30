import { describe, expect, it } from "vitest";
import { type Outcome, pass } from "../../lib/check/contract.ts";
import { aliasOf } from "../../lib/check/names.ts";
import { organisation } from "../../lib/check/organisation.ts";
import type { BuildRecord } from "../../lib/ports.ts";
import { build, evidenceWith, TRUST } from "./facts.ts";

const ACME = "https://github.com/acme";
const isAcme = (orgUrl = ACME) => organisation({ alias: "acme", orgUrl, ...TRUST });
const judgeBuilds = (found: readonly BuildRecord[], orgUrl = ACME) =>
  isAcme(orgUrl).judge(evidenceWith({ builds: { found } }));
const from = (...urls: string[]) => build({ sources: urls.map((url) => ({ url, revision: "main" })) });
const reasonOf = (outcome: Outcome) => (outcome.status === "fail" ? outcome.reason : outcome.status);

describe("is_acme passes source of the organisation, however its address is written", () => {
  it.each([
    "https://github.com/acme/app",
    "https://github.com/acme/app.git",
    "https://github.com/acme/app/",
    "https://github.com/ACME/app",
    "https://GitHub.com/Acme/app",
    "http://github.com/acme/app",
    "git@github.com:acme/app.git",
    "git@github.com:Acme/app",
    "ssh://git@github.com/acme/app.git",
    "ssh://git@github.com:22/acme/app.git",
    "git+https://github.com/acme/app",
    "git+https://github.com/acme/app@refs/heads/main",
    "git+ssh://git@github.com/acme/app.git",
    "git://github.com/acme/app.git",
    "https://token@github.com/acme/app",
    "github.com/acme/app",
  ])("%s", async (url) => {
    expect(await judgeBuilds([from(url)])).toEqual(pass);
  });

  it.each(["https://github.com/acme/", "https://github.com/Acme", "github.com/acme", "git@github.com:acme"])(
    "with org-url %s",
    async (orgUrl) => {
      expect(await judgeBuilds([from("https://github.com/acme/app")], orgUrl)).toEqual(pass);
    },
  );

  it("knows groups in groups by their whole path", async () => {
    const orgUrl = "https://gitlab.com/acme/team";
    expect(await judgeBuilds([from("git@gitlab.com:acme/team/app.git")], orgUrl)).toEqual(pass);
    expect((await judgeBuilds([from("git@gitlab.com:acme/app.git")], orgUrl)).status).toBe("fail");
  });
});

describe("is_acme fails other source", () => {
  it.each([
    "https://github.com/evil/app",
    "https://github.com/acme-evil/app",
    "https://github.com/acm/app",
    "https://github.com/evil/acme",
    "https://github.com/evil/acme/app",
    "https://github.com/acme/sub/app",
    "https://github.com.evil.example/acme/app",
    // Voucher compared the name alone, on whatever host.
    "https://evil.example/acme/app",
    "https://evil.example/github.com/acme/app",
    "https://github.com@evil.example/acme/app",
    "https://github.com:8443/acme/app",
    "https://evil.example/?https://github.com/acme/app",
    "https://github.com/acme/../evil/app",
    "git@evil.example:acme/app.git",
    "git@github.com:evil/app.git",
    "https://github.com/acme",
    "https://github.com/acme/",
    "https://github.com/acme/.git",
    "acme/app",
    "",
  ])("%s", async (url) => {
    expect((await judgeBuilds([from(url)])).status).toBe("fail");
  });

  it("and says whose it is, and whose it should be", async () => {
    expect(reasonOf(await judgeBuilds([from("git@github.com:evil/app.git")]))).toBe(
      "the source github.com/evil/app is not of github.com/acme",
    );
  });

  it("without showing a password in its address", async () => {
    const outcomes = [
      await judgeBuilds([from("https://user:secret@github.com/evil/app")]),
      await judgeBuilds([from("https://user:secret@github.com/evil")]),
    ];
    expect(outcomes.map(reasonOf).join()).not.toContain("secret");
  });
});

describe("which build records is_acme reads", () => {
  it("only those that provenance would trust", async () => {
    const forged = { ...from("https://github.com/acme/app"), builder: "eve" };
    expect(reasonOf(await judgeBuilds([forged]))).toContain("no build record is trusted");
  });

  it("of several trusted ones, one of the organisation's source is enough", async () => {
    const mirror = { ...from("https://gitlab.com/mirrors/app"), id: "mirror" };
    expect(await judgeBuilds([mirror, from("https://github.com/acme/app")])).toEqual(pass);
  });

  it("fails what was built from the organisation's source and another's", async () => {
    const mixed = from("https://github.com/acme/app", "https://github.com/evil/lib");
    expect(reasonOf(await judgeBuilds([mixed]))).toContain("github.com/evil/lib is not of");
  });

  it("fails a trusted record without a source, and says so", async () => {
    expect(reasonOf(await judgeBuilds([build({ id: "r", sources: [] })]))).toBe(
      "the build record r does not say what source it was built from",
    );
  });

  it("is pending without a record", async () => {
    expect((await judgeBuilds([])).status).toBe("pending");
  });
});

describe("an is_ check", () => {
  it("is named by its alias", () => {
    expect(isAcme().name).toBe("is_acme");
    expect(isAcme().description).toContain("github.com/acme");
  });

  it.each(["https://github.com", "https://github.com/", "", "not an address", "https://github.com/acme?x=1"])(
    "is refused for an org-url that names no organisation: %j",
    (orgUrl) => {
      expect(() => isAcme(orgUrl)).toThrow(/^repository\.acme\.org-url: .* is no organisation's address/);
    },
  );

  it.each([
    ["is_acme", "acme"],
    ["is_", ""],
    ["diy", undefined],
    ["this_acme", undefined],
  ])("has its alias in its name: %s", (name, alias) => {
    expect(aliasOf(name)).toBe(alias);
  });
});
