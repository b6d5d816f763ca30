import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makePgpKey } from "../sign/pgp-keys.ts";
import { sentences, voucher } from "../support/cli.ts";
import { kmsPath, startKms } from "../support/kms.ts";
import { runOrThrow } from "../support/processes.ts";
import { describeWith } from "../support/tools.ts";

const CHECKS = ["diy", "nobody"];

/** Runs the command line in a folder of its own that holds `files` and this configuration. */
async function openFolder(settings: object, files: { readonly [name: string]: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "voucher-keys-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = { checks: { diy: true, nobody: true }, ...settings };
  for (const [name, text] of Object.entries({ ...files, "voucher.json": JSON.stringify(config) }))
    await writeFile(join(folder, name), text);
  return { folder, run: (...args: string[]) => voucher(args, { cwd: folder }) };
}

describeWith(["openssl", "gpg"], "voucher keys show", () => {
  it("prints what keys generate did, and what openssl reads", async () => {
    const { folder, run } = await openFolder({
      signer: "pkix",
      pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    });
    const made = [];
    for (const check of CHECKS) {
      const { path: _, ...key } = JSON.parse(
        (await run("keys", "generate", "--check", check, "--json")).stdout,
      );
      made.push(key);
    }

    const shown = await run("keys", "show", "--json");
    expect(JSON.parse(shown.stdout)).toEqual(made);
    expect(shown.code).toBe(0);
    const [diy, nobody] = made;
    expect((await run("keys", "show")).stdout).toBe(
      `diy\n${diy.keyId}\n${diy.publicKey}\nnobody\n${nobody.keyId}\n${nobody.publicKey}`,
    );
    const file = join(folder, "public.pem");
    await writeFile(file, diy.publicKey);
    const text = await runOrThrow("openssl", ["pkey", "-pubin", "-in", file, "-noout", "-text"]);
    expect(text).toContain("prime256v1");
  });

  it("prints the public keys that Cloud KMS gives, and says which it does not", async () => {
    const kms = await startKms();
    onTestFinished(() => kms.close());
    const { pair } = kms.add(kmsPath("diy"), "EC_SIGN_P384_SHA384");
    kms.add(kmsPath("nobody"), "EC_SIGN_P256_SHA256").state = "DISABLED";
    const { run } = await openFolder({
      signer: "kms",
      kms: { endpoint: kms.url },
      kms_keys: CHECKS.map((check) => ({ check, path: kmsPath(check) })),
    });

    const result = await run("keys", "show", "--json");

    const publicKey = pair.publicKey.export({ type: "spki", format: "pem" });
    expect(JSON.parse(result.stdout)).toEqual([
      { check: "diy", keyId: `//cloudkms.googleapis.com/v1/${kmsPath("diy")}`, publicKey },
    ]);
    expect(sentences(result)).toEqual([
      expect.stringMatching(/^voucher: the key of nobody cannot be shown: /),
    ]);
    expect(result.code).toBe(3);
  });

  it("prints OpenPGP keys without their private halves, as gpg reads them", async () => {
    const key = await makePgpKey();
    const secrets = JSON.stringify({ openpgpkeys: { diy: key.privateKey } });
    const { folder, run } = await openFolder(
      { signer: "pgp", secrets: { file: "secrets.json" } },
      { "secrets.json": secrets },
    );

    const result = await run("keys", "show", "--json");

    const [shown, ...others] = JSON.parse(result.stdout);
    expect(others).toEqual([]);
    expect(shown).toMatchObject({ check: "diy", keyId: key.keyId });
    expect(shown.publicKey).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
    await writeFile(join(folder, "public.asc"), shown.publicKey);
    const args = ["--homedir", folder, "--with-colons", "--show-keys", join(folder, "public.asc")];
    const text = await runOrThrow("gpg", args, { cwd: folder });
    expect(text).toContain(`:${key.keyId}:`);
    expect(sentences(result)).toEqual(["voucher: the signer pgp has no key for the check nobody"]);
    expect(result.code).toBe(2);
  });
});
