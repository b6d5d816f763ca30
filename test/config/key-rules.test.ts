import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

const key = (list: string, check: string, path: string) =>
  `[[${list}]]\ncheck = "${check}"\npath = "${path}"\n`;
const STORE = 'signer = "pkix"\nbinauth_project = "p"\n';
const NOBODY = "[checks]\nnobody = true\n";
const VERSION = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1";

describe("two checks with one key", () => {
  it.each([
    ["the signer's keys", key("pkix_keys", "diy", "a") + key("pkix_keys", "nobody", "a"), "pkix_keys[1]"],
    ["two spellings", key("pkix_keys", "diy", "a") + key("pkix_keys", "nobody", "./x/../a"), "pkix_keys[1]"],
    ["a trusted key", key("pkix_keys", "diy", "a") + key("trusted_keys", "nobody", "a"), "trusted_keys[0]"],
    ["Cloud KMS", key("kms_keys", "diy", VERSION) + key("kms_keys", "nobody", VERSION), "kms_keys[1]"],
  ])("are refused in %s, since a payload does not name its check", async (_, text, where) => {
    expect(await problemsOf(load(text))).toEqual([
      `voucher.toml: ${where}.path: is the key of diy too; each check needs its own, unless allow_shared_keys = true`,
    ]);
  });

  it("are accepted where the configuration says so", async () => {
    const text = `allow_shared_keys = true\n${key("pkix_keys", "diy", "a")}${key("pkix_keys", "nobody", "a")}`;
    expect((await load(text)).config.pkixKeys).toHaveLength(2);
  });

  it("are not what one check's key in two lists is", async () => {
    const text = key("pkix_keys", "diy", "a") + key("trusted_keys", "diy", "a");
    expect((await load(text)).config.trustedKeys).toHaveLength(1);
  });
});

describe("a second key of a check", () => {
  it("does not sign", async () => {
    expect(await problemsOf(load(key("pkix_keys", "diy", "a") + key("pkix_keys", "diy", "b")))).toEqual([
      'voucher.toml: pkix_keys[1].check: "diy" has a key already; one that counts besides it belongs in [[trusted_keys]]',
    ]);
  });

  it("may be trusted, as many as there are", async () => {
    const text = key("trusted_keys", "diy", "a") + key("trusted_keys", "diy", "b");
    expect((await load(text)).config.trustedKeys).toHaveLength(2);
  });
});

describe("a check without a key", () => {
  it("is an error that says how to make one", async () => {
    expect(await problemsOf(load(`${STORE}${NOBODY}`))).toEqual([
      "voucher.toml: checks.nobody: has no key to sign with; `voucher keys generate` makes one, to be named in [[pkix_keys]]",
    ]);
  });

  it("is reported once, and in groups too", async () => {
    const problems = await problemsOf(load(`${STORE}${NOBODY}[required.prod]\nnobody = true\ndiy = true`));
    expect(problems.map((line) => line.split(": ")[1])).toEqual(["checks.nobody", "required.prod.diy"]);
  });

  it.each([
    ["it has one", `${STORE}${NOBODY}${key("pkix_keys", "nobody", "a")}`],
    ["there is no store", `signer = "pkix"\n${NOBODY}`],
    ["it is a dry run", `dryrun = true\n${STORE}${NOBODY}`],
    ["it is switched off", `${STORE}[checks]\nnobody = false`],
  ])("is none where %s", async (_, text) => {
    expect((await load(text)).config.signer).toBe("pkix");
  });
});

describe("a check without a key in Cloud KMS", () => {
  const KMS = STORE.replace("pkix", "kms");

  it("is accepted, as in Voucher's sample, with a warning", async () => {
    const checks = `${NOBODY}diy = true\n[required.prod]\nnobody = true\nprovenance = true\n`;
    const { warnings } = await load(`${KMS}${checks}${key("kms_keys", "diy", VERSION)}`);
    const message = "has no key in [[kms_keys]], so no image is ever attested for it";
    expect(warnings.map((line) => line.replace(/^\S+: /, ""))).toEqual([
      `checks.nobody: ${message}`,
      `required.prod.provenance: ${message}`,
    ]);
  });

  it.each([
    ["there is no store", `signer = "kms"\n${NOBODY}`],
    ["it is a dry run", `dryrun = true\n${KMS}${NOBODY}`],
  ])("is none where %s", async (_, text) => {
    expect((await load(text)).warnings).toEqual([]);
  });
});
