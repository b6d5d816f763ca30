import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { createPgpSigner } from "../../lib/sign/pgp.ts";
import { parsePgpPublicKey } from "../../lib/sign/pgp-public-key.ts";
import { at, REPOSITORY } from "../support/fake-images.ts";
import { type Gpg, startGpg } from "../support/gpg.ts";
import { type FakeKms, kmsPath, signerOn, startKms } from "../support/kms.ts";
import { ALGORITHMS, anyPairFor, hashOf } from "../support/kms-keys.ts";
import { describeWith } from "../support/tools.ts";

const PAYLOAD = Buffer.from(binauthzPayload(at(REPOSITORY, digestOf(Buffer.from("image")))));
const OTHER = Buffer.from(binauthzPayload(at(REPOSITORY, digestOf(Buffer.from("another image")))));
const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
const SHA512 = 10;
const signal = new AbortController().signal;

describeWith(["openssl"], "openssl verifies what Cloud KMS signed for us", () => {
  let directory: string;
  let kms: FakeKms;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "voucher-kms-"));
    kms = await startKms();
  });
  afterAll(async () => {
    await kms.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, content);
    return path;
  }

  it.each(ALGORITHMS)("%s", async (algorithm) => {
    kms.add(kmsPath("diy"), algorithm, anyPairFor(algorithm));
    const signer = signerOn(kms, ["diy"]);
    const { bytes } = await signer.sign("diy", PAYLOAD, signal);
    const pem = await (await signer.publicKeys()).get("diy")?.text();

    const key = await file("key.pem", pem ?? "");
    const signature = await file("signature", bytes);
    const padding = algorithm.includes("PSS") ? PSS : [];
    const args = ["dgst", `-${hashOf(algorithm)}`, ...padding, "-verify", key, "-signature", signature];
    const verify = (input: Uint8Array) =>
      execFileSync("openssl", args, { input, timeout: 20_000, stdio: "pipe" }).toString();
    expect(verify(PAYLOAD)).toContain("Verified OK");
    expect(() => verify(OTHER)).toThrow();
  });
});

describeWith(["gpg"], "gpg and we verify each other's signatures", () => {
  let gpg: Gpg;
  beforeAll(async () => {
    gpg = await startGpg();
  });
  afterAll(() => gpg.close());

  const signWith = (armoredKey: string, passphrase?: string) =>
    createPgpSigner(() => [
      { check: "diy", armoredKey, ...(passphrase === undefined ? {} : { passphrase }) },
    ]).sign("diy", PAYLOAD, signal);

  it.each(["rsa3072", "nistp256", "ed25519"])("%s", async (kind) => {
    const fingerprint = await gpg.makeKey(`both-${kind}`, kind);
    const ours = await signWith(await gpg.export("--export-secret-keys", fingerprint));
    expect(ours.keyId).toBe(fingerprint);
    expect(await gpg.verify(ours.bytes)).toEqual({
      fingerprint,
      primaryFingerprint: fingerprint,
      hash: SHA512,
      content: PAYLOAD,
    });

    const key = await parsePgpPublicKey(await gpg.export("--export", fingerprint), "key.asc");
    const theirs = await gpg.sign(fingerprint, PAYLOAD);
    expect(key.id).toBe(fingerprint);
    expect(await key.verifies(PAYLOAD, theirs)).toBe(true);
    expect(await key.verifies(OTHER, theirs)).toBe(false);
    expect(await key.verifies(PAYLOAD, await gpg.sign(fingerprint, OTHER))).toBe(false);
    expect(await key.verifies(PAYLOAD, ours.bytes)).toBe(true);
  });

  it("not where one of them was changed", async () => {
    const fingerprint = await gpg.makeKey("changed", "nistp256");
    const { bytes } = await signWith(await gpg.export("--export-secret-keys", fingerprint));
    const lines = Buffer.from(bytes).toString().split("\n");
    const changed = lines.map((line, at) => (at === 3 ? line.replace(/[A-M]/, "Z") : line)).join("\n");
    expect(changed).not.toBe(Buffer.from(bytes).toString());
    await expect(gpg.verify(Buffer.from(changed))).rejects.toThrow();
  });

  it.each([
    ["all secret keys are exported", "--export-secret-keys"],
    ["the primary key stays offline", "--export-secret-subkeys"],
  ])("with a primary key that only certifies and a subkey that signs, where %s", async (_, command) => {
    const primary = await gpg.makeKey(`subkey${command}`, "nistp256", { usage: "cert" });
    await gpg.addSigningKey(primary, "ed25519");
    const ours = await signWith(await gpg.export(command, primary));
    const verdict = await gpg.verify(ours.bytes);
    expect(ours.keyId).toBe(primary);
    expect(verdict).toMatchObject({ primaryFingerprint: primary, hash: SHA512, content: PAYLOAD });
    expect(verdict.fingerprint).not.toBe(primary);

    const key = await parsePgpPublicKey(await gpg.export("--export", primary), "key.asc");
    expect(await key.verifies(PAYLOAD, await gpg.sign(primary, PAYLOAD))).toBe(true);
    expect(await key.verifies(PAYLOAD, ours.bytes)).toBe(true);
  });

  it("with SHA-512 also where the key asks for another hash", async () => {
    const more = ["--default-preference-list", "SHA256 AES256 ZLIB"];
    const fingerprint = await gpg.makeKey("prefers", "rsa3072", { more });
    const ours = await signWith(await gpg.export("--export-secret-keys", fingerprint));
    expect(await gpg.verify(ours.bytes)).toMatchObject({ hash: SHA512, content: PAYLOAD });
  });

  it("with a key that gpg exported behind its passphrase", async () => {
    const passphrase = "öpen sésame";
    const fingerprint = await gpg.makeKey("locked", "nistp256", { passphrase });
    const locked = await gpg.export("--export-secret-keys", fingerprint, passphrase);
    await expect(signWith(locked)).rejects.toMatchObject({ code: "key" });
    await expect(signWith(locked, "open sesame")).rejects.toMatchObject({ code: "key" });
    const ours = await signWith(locked, passphrase);
    expect(await gpg.verify(ours.bytes)).toMatchObject({ fingerprint, content: PAYLOAD });
  });

  it("but not SHA-1, nor what is signed beside its content", async () => {
    const fingerprint = await gpg.makeKey("weak", "rsa3072");
    const key = await parsePgpPublicKey(await gpg.export("--export", fingerprint), "key.asc");
    const signed = (...options: readonly string[]) => gpg.sign(fingerprint, PAYLOAD, options);
    expect(await key.verifies(PAYLOAD, await signed("--digest-algo", "SHA256"))).toBe(true);
    expect(await key.verifies(PAYLOAD, await signed("--compress-algo", "bzip2"))).toBe(true);
    expect(await key.verifies(PAYLOAD, await signed("--digest-algo", "SHA1"))).toBe(false);
    expect(await key.verifies(PAYLOAD, await signed("--detach-sign"))).toBe(false);
    expect(await key.verifies(PAYLOAD, await signed("--clear-sign"))).toBe(false);
  });
});
