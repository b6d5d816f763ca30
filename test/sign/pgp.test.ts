import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { enums, readKey, readMessage, readPrivateKey, verify } from "openpgp";
import { describe, expect, it } from "vitest";
import { createPgpSigner, type PgpKey } from "../../lib/sign/pgp.ts";
import { makePgpKey, type PgpPair, revoke } from "./pgp-keys.ts";

const BYTES = Buffer.from('{"critical":"ä payload\\r\\n"}\n');
const signal = new AbortController().signal;
const p256 = await makePgpKey();

const signerWith = (key: string, more: Partial<PgpKey> = {}) =>
  createPgpSigner(() => [{ check: "diy", armoredKey: key, ...more }]);
const refusal = (message: RegExp | string) => ({
  code: "key",
  retryable: false,
  message: typeof message === "string" ? message : expect.stringMatching(message),
});

async function signedBy(pair: PgpPair, more: Partial<PgpKey> = {}) {
  const signer = signerWith(pair.privateKey, more);
  const { bytes, keyId } = await signer.sign("diy", BYTES, signal);
  return { signer, bytes, keyId };
}

/** The one signature on an armored message, and what it contains: read by the library alone. */
async function read(bytes: Uint8Array, pair: PgpPair) {
  const message = await readMessage({ armoredMessage: Buffer.from(bytes).toString() });
  const verificationKeys = await readKey({ armoredKey: pair.publicKey });
  const { signatures, data } = await verify({ message, verificationKeys, format: "binary" });
  const [signature] = await Promise.all(signatures.map(({ signature }) => signature));
  return { signature: signature?.packets[0], content: Buffer.from(data) };
}

describe("an OpenPGP signer", () => {
  it.each<[string, () => Promise<PgpPair>]>([
    ["P-256", async () => p256],
    ["P-384", () => makePgpKey({ curve: "nistP384" })],
    ["Ed25519, as GnuPG makes it", () => makePgpKey({ curve: "ed25519Legacy" })],
    ["Ed25519, as RFC 9580 has it", () => makePgpKey({ type: "curve25519" })],
    ["RSA 3072", () => makePgpKey({ type: "rsa", rsaBits: 3072 })],
  ])("signs with %s under the fingerprint of the key", async (_, make) => {
    const pair = await make();
    const { signer, bytes, keyId } = await signedBy(pair);
    const key = (await signer.publicKeys()).get("diy");
    expect(keyId).toBe(pair.keyId);
    expect(keyId).toMatch(/^[0-9A-F]{40}$/);
    expect(key?.id).toBe(keyId);
    expect(await key?.verifies(BYTES, bytes)).toBe(true);
    expect(await key?.verifies(Buffer.from("other"), bytes)).toBe(false);
  });

  it("gives an armored message that contains the very bytes, signed as binary with SHA-512", async () => {
    const { bytes } = await signedBy(p256);
    const { signature, content } = await read(bytes, p256);
    expect(Buffer.from(bytes).toString()).toMatch(
      /^-----BEGIN PGP MESSAGE-----\n\n[A-Za-z0-9+/=\n]+-----END PGP MESSAGE-----\n$/,
    );
    expect(content).toEqual(BYTES);
    expect(signature?.signatureType).toBe(enums.signature.binary);
    expect(signature?.hashAlgorithm).toBe(enums.hash.sha512);
  });

  it("signs by the newest subkey that may, and under the primary key's fingerprint", async () => {
    const pair = await makePgpKey({ subkeys: [{ sign: true }, { sign: true, type: "curve25519" }, {}] });
    const { keyId, signer, bytes } = await signedBy(pair);
    const { signature } = await read(bytes, pair);
    const key = await readPrivateKey({ armoredKey: pair.privateKey });
    const signing = (await key.getSigningKey()).getKeyID().toHex();
    expect(keyId).toBe(pair.keyId);
    expect(signature?.issuerKeyID.toHex()).toBe(signing);
    expect(key.getKeyID().toHex()).not.toBe(signing);
    expect(await (await signer.publicKeys()).get("diy")?.verifies(BYTES, bytes)).toBe(true);
  });

  it("unlocks a key with its passphrase, and needs none for one that is not locked", async () => {
    const locked = await makePgpKey({ passphrase: "open sesame" });
    await expect(signedBy(locked, { passphrase: "open sesame" })).resolves.toHaveProperty(
      "keyId",
      locked.keyId,
    );
    await expect(signedBy(p256, { passphrase: "superfluous" })).resolves.toHaveProperty("keyId", p256.keyId);
  });

  it("gives out the public half alone", async () => {
    const key = (await signerWith(p256.privateKey).publicKeys()).get("diy");
    expect(await key?.text()).toBe(p256.publicKey);
  });

  it("has no key for a check that the secrets have none for, and says where it belongs", async () => {
    await expect(signerWith(p256.privateKey).sign("nobody", BYTES, signal)).rejects.toMatchObject(
      refusal("no key is configured for the check nobody; add openpgpkeys.nobody to the secrets"),
    );
  });
});

describe("a key that cannot sign", () => {
  it.each<[string, () => Promise<PgpPair>, RegExp]>([
    [
      "is expired",
      () => makePgpKey({ date: new Date("2020-01-01"), keyExpirationTime: 60 }),
      /^openpgpkeys\.diy cannot sign: Primary key is expired; put a key there that can$/,
    ],
    ["is revoked", () => revoke(p256), /^openpgpkeys\.diy cannot sign: Primary key is revoked; /],
    ["is superseded", () => revoke(p256, "keySuperseded"), /cannot sign: Primary key is revoked; /],
  ])("is named where it %s, and its public half is still known", async (_, make, message) => {
    const pair = await make();
    const signer = signerWith(pair.privateKey);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject(refusal(message));
    expect((await signer.publicKeys()).get("diy")?.id).toBe(pair.keyId);
  });

  it.each<[string, Partial<PgpKey>, RegExp]>([
    ["missing", {}, /^openpgpkeys\.diy is locked, and its passphrase is missing/],
    ["wrong", { passphrase: "wrong" }, /^openpgpkeys\.diy cannot be unlocked: Incorrect key passphrase$/],
    ["empty", { passphrase: "" }, /^openpgpkeys\.diy cannot be unlocked: Incorrect key passphrase$/],
  ])("is named where its passphrase is %s, and no secret is repeated", async (_, more, message) => {
    const locked = await makePgpKey({ passphrase: "open sesame" });
    await expect(signedBy(locked, more)).rejects.toMatchObject(refusal(message));
  });

  it("is in the way of no other check", async () => {
    const locked = await makePgpKey({ passphrase: "open sesame" });
    const signer = createPgpSigner(() => [
      { check: "diy", armoredKey: locked.privateKey },
      { check: "nobody", armoredKey: p256.privateKey },
    ]);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({ code: "key" });
    await expect(signer.sign("nobody", BYTES, signal)).resolves.toHaveProperty("keyId", p256.keyId);
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["a public key", p256.publicKey],
    ["a private key that is cut off", p256.privateKey.slice(0, 300)],
  ])("is refused where the secret holds %s", async (_, text) => {
    await expect(signerWith(text).sign("diy", BYTES, signal)).rejects.toMatchObject(
      refusal(
        "openpgpkeys.diy holds no OpenPGP key that can be read; write one with: gpg --export-secret-keys --armor KEY",
      ),
    );
  });

  it("is refused where the secret holds two, since only one can be meant", async () => {
    const both = `${p256.privateKey}\n${(await makePgpKey()).privateKey}`;
    await expect(signerWith(both).sign("diy", BYTES, signal)).rejects.toMatchObject(
      refusal("openpgpkeys.diy holds several OpenPGP keys; leave only the one that is meant"),
    );
  });
});

describe("a key that cannot be read", () => {
  const keys = [
    { check: "diy", armoredKey: "none" },
    { check: "nobody", armoredKey: p256.privateKey },
  ];

  it("is in the way of its own check only, and says why", async () => {
    const signer = createPgpSigner(() => keys);
    const unreadable = refusal(/^openpgpkeys\.diy holds no OpenPGP key/);
    await expect(signer.sign("nobody", BYTES, signal)).resolves.toHaveProperty("keyId", p256.keyId);
    const known = await signer.publicKeys();
    expect([...known.keys()]).toEqual(["diy", "nobody"]);
    expect(() => known.get("diy")?.text()).toThrow(expect.objectContaining(unreadable));
  });

  it("is loaded again, since it may have been mended meanwhile", async () => {
    const loads = [keys, keys.map((key) => ({ ...key, armoredKey: p256.privateKey })).slice(0, 1)];
    const signer = createPgpSigner(() => loads.shift() ?? []);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({ code: "key" });
    await expect(signer.sign("diy", BYTES, signal)).resolves.toHaveProperty("keyId", p256.keyId);
  });
});

describe("two checks with one OpenPGP key", () => {
  const shared = ["diy", "nobody"].map((check) => ({ check, armoredKey: p256.privateKey }));

  it("are refused", async () => {
    const signer = createPgpSigner(() => shared);
    const message = /^the checks diy and nobody share one key.*allow_shared_keys$/;
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject(refusal(message));
    await expect(signer.publicKeys()).rejects.toMatchObject(refusal(message));
  });

  it("are allowed where the configuration says so", async () => {
    const signer = createPgpSigner(() => shared, { allowSharedKeys: true });
    await expect(signer.sign("nobody", BYTES, signal)).resolves.toHaveProperty("keyId", p256.keyId);
  });
});

describe("the secrets", () => {
  it("are loaded once, on first use", async () => {
    let loads = 0;
    const signer = createPgpSigner(async () => {
      loads += 1;
      return [{ check: "diy", armoredKey: p256.privateKey }];
    });
    expect(loads).toBe(0);
    await Promise.all([
      signer.sign("diy", BYTES, signal),
      signer.publicKeys(),
      signer.sign("diy", BYTES, signal),
    ]);
    expect(loads).toBe(1);
  });

  it("are loaded again after that failed", async () => {
    let loads = 0;
    const signer = createPgpSigner(async () => {
      loads += 1;
      if (loads === 1) throw new Error("not mounted yet");
      return [{ check: "diy", armoredKey: p256.privateKey }];
    });
    await expect(signer.sign("diy", BYTES, signal)).rejects.toThrow("not mounted yet");
    await expect(signer.sign("diy", BYTES, signal)).resolves.toHaveProperty("keyId");
  });
});

describe("the OpenPGP library", () => {
  it("is loaded by the first use of an OpenPGP key, not before", async () => {
    const script = `
      import { registerHooks } from "node:module";
      let loaded = 0;
      registerHooks({ resolve(name, context, next) { if (name === "openpgp") loaded += 1; return next(name, context); } });
      const { createPgpSigner } = await import("./lib/sign/pgp.ts");
      await import("./lib/sign/trusted-keys.ts");
      const signer = createPgpSigner(() => [{ check: "diy", armoredKey: "none" }]);
      const before = loaded;
      await signer.publicKeys().catch(() => {});
      console.log(before, loaded > 0);`;
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 20_000 });
    expect(stdout.trim()).toBe("0 true");
  });
});
