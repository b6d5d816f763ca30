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

describe("the oci store", () => {
  const OCI = 'metadata_client = "oci"\nsigner = "pkix"\n';
  const VERIFIER = '[oci]\nverifier_id = "https://voucher.example.com"\n';

  it("is configured by who verifies and a signer; nothing of Google's is needed", async () => {
    const { config, warnings } = await load(
      `${OCI}${VERIFIER}repository = "Registry.example.com/attestations"`,
    );
    expect(config.oci).toEqual({
      verifierId: "https://voucher.example.com",
      repository: "registry.example.com/attestations",
      cosignTags: false,
    });
    expect(warnings).toEqual([]);
  });

  it.each([OCI, `${OCI}[oci]\nverifier_id = ""`])("needs oci.verifier_id: %j", async (text) => {
    expect(await problemsOf(load(text))).toEqual([
      'voucher.toml: oci.verifier_id: is missing: metadata_client is "oci"; write a URI that names this Voucher in what it signs, as in "https://voucher.example.com"',
    ]);
  });

  it.each(['signer = "pgp"\n', ""])("cannot be signed for with OpenPGP: %j", async (signer) => {
    const text = `metadata_client = "oci"\n${signer}${VERIFIER}`;
    expect(await problemsOf(load(text))).toEqual([
      'voucher.toml: signer: must be "kms" or "pkix" where metadata_client is "oci": whoever reads attestations from a registry knows no OpenPGP signatures',
    ]);
  });

  it("takes slashes at the end of verifier_id for nothing", async () => {
    const text = `${OCI}[oci]\nverifier_id = "https://voucher.example.com/team//"`;
    expect((await load(text)).config.oci.verifierId).toBe("https://voucher.example.com/team");
  });

  it.each([
    ['verifier_id = "voucher"', /oci.verifier_id: "voucher" cannot be used: write a URI/],
    ['verifier_id = "https://a b"', /oci.verifier_id: "https:\/\/a b" cannot be used: write a URI/],
    ['verifier_id = "https://x.example/?a=b"', /oci.verifier_id: .* leave out the query/],
    ['repository = "registry.example.com/a:tag"', /oci.repository: .* a repository without tag and digest/],
    ['repository = "Not A Name"', /oci.repository: .* a repository without tag and digest/],
  ])("refuses %s", async (setting, problem) => {
    const rest = setting.startsWith("verifier_id") ? "" : 'verifier_id = "https://voucher.example.com"\n';
    expect(await problemsOf(load(`${OCI}[oci]\n${rest}${setting}`))).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  it("needs none of it where it is not used", async () => {
    expect((await load("[oci]\ncosign_tags = true")).config.oci).toEqual({ cosignTags: true });
  });
});
