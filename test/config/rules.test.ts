import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

describe("a check that is named", () => {
  it.each([
    ["[checks]\nnobdy = true", 'checks.nobdy: is no known check; the nearest is "nobody"'],
    ["[checks]\nnobdy = false", 'checks.nobdy: is no known check; the nearest is "nobody"'],
    ["[required.prod]\ndyi = true", 'required.prod.dyi: is no known check; the nearest is "diy"'],
    ["[checks]\nis_acme = true", "checks.is_acme: needs a table [repository.acme] with org-url"],
    [
      '[[pkix_keys]]\ncheck = "nobdy"\npath = "a"',
      'pkix_keys[0].check: "nobdy" is no known check; the nearest is "nobody"',
    ],
    [
      '[[trusted_keys]]\ncheck = "x"\npath = "a"',
      'trusted_keys[0].check: "x" is no known check; the nearest is "diy"',
    ],
  ])("must be known: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toContain(`voucher.toml: ${problem}`);
  });

  it("may be an organisation's, by the alias in lower case", async () => {
    const text = '[checks]\nis_acme = false\n[repository.Acme]\norg-url = "https://github.com/Acme"';
    expect((await load(text)).config.repositories).toEqual({ acme: { orgUrl: "https://github.com/Acme" } });
  });

  it("may be switched off before its organisation is described", async () => {
    expect((await load("[checks]\nis_acme = false")).config.all).toEqual([]);
  });
});

describe("a name of one's own", () => {
  it.each([
    ["[required.all]\ndiy = true", "required.all: is the group of [checks]; call this one otherwise"],
    ["[required.nobody]\ndiy = true", "required.nobody: is the name of a check; call the group otherwise"],
    ['[required."a/b"]\ndiy = true', "required.a/b: a group's name has small letters"],
    ['[repository."a b"]\norg-url = "x"', "repository.a b: an alias has small letters"],
    ['[checks.nobody]\nmodule = "x"', "checks.nobody: is the name of a check or group of Voucher's"],
    ['[checks.all]\nmodule = "x"', "checks.all: is the name of a check or group of Voucher's"],
    ['[checks.is_x]\nmodule = "x"', "checks.is_x: is the name of a check or group of Voucher's"],
    ['[checks."a b"]\nmodule = "x"', "checks.a b: a check's name has small letters"],
  ])("must be told from Voucher's, and fit into an address: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toContainEqual(expect.stringContaining(`voucher.toml: ${problem}`));
  });
});

describe("selected platforms", () => {
  it.each(["", '\nindex = "all"'])(
    "do not go with an index that needs every platform (%j)",
    async (index) => {
      const problems = await problemsOf(load(`[platforms]\nselect = ["linux/arm64"]${index}`));
      expect(problems).toEqual([
        expect.stringMatching(/^voucher.toml: platforms.index: must be "selected" or "never"/),
      ]);
    },
  );

  it.each(["selected", "never"] as const)("go with an index policy of %s", async (index) => {
    const { config } = await load(`[platforms]\nselect = ["linux/arm64"]\nindex = "${index}"`);
    expect(config.platforms).toEqual({ select: [{ os: "linux", architecture: "arm64" }], index });
  });
});

describe("an open-source Grafeas server", () => {
  it.each(['metadata_client = "grafeasos"', 'metadata_client = "grafeasos"\n[grafeasos]\nhostname = ""'])(
    "needs an address: %j",
    async (text) => {
      const problem =
        'grafeasos.hostname: is missing: metadata_client is "grafeasos"; write its URL, as in "http://grafeas:8080"';
      expect(await problemsOf(load(text))).toEqual([`voucher.toml: ${problem}`]);
    },
  );

  it("may be left without one where another store is used", async () => {
    const text = '[grafeasos]\nvul_project = "scans"';
    expect((await load(text)).config.grafeasos).toEqual({ vulProject: "scans" });
  });
});
