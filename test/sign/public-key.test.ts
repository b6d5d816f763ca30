import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyHint, parsePublicKey, pkixKeyId, publicKey } from "../../lib/sign/public-key.ts";

const BYTES = Buffer.from("the payload");
const OTHER = Buffer.from("another payload");
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

const p256 = ec("prime256v1");
const rsa2048 = rsa(2048);
const rsa3072 = rsa(3072);
const rsa4096 = rsa(4096);
const pss2048 = generateKeyPairSync("rsa-pss", { modulusLength: 2048, hashAlgorithm: "sha256" });
const pss4096 = generateKeyPairSync("rsa-pss", { modulusLength: 4096, hashAlgorithm: "sha512" });

/** Key pair, hash and options of every way of signing that Binary Authorization knows for PKIX keys. */
const WAYS: readonly [string, { publicKey: KeyObject; privateKey: KeyObject }, string, object][] = [
  ["EC P-256 with SHA-256, in DER", p256, "sha256", {}],
  ["EC P-256, as IEEE P1363", p256, "sha256", { dsaEncoding: "ieee-p1363" }],
  ["EC P-384 with SHA-384", ec("secp384r1"), "sha384", {}],
  ["EC P-521 with SHA-512", ec("secp521r1"), "sha512", {}],
  ["RSA 2048, PKCS#1 v1.5", rsa2048, "sha256", {}],
  ["RSA 3072, PKCS#1 v1.5", rsa3072, "sha256", {}],
  ["RSA 4096, PKCS#1 v1.5", rsa4096, "sha256", {}],
  ["RSA 2048, PSS", rsa2048, "sha256", pss],
  ["RSA 4096, PSS", rsa4096, "sha256", pss],
  ["a key for PSS alone", pss2048, "sha256", pss],
  ["a key for PSS alone, RSA 4096 with SHA-512", pss4096, "sha512", pss],
];

describe("a signature is verified, and one over other bytes is not:", () => {
  it.each(WAYS)("%s", (_, pair, hash, options) => {
    const signature = sign(hash, BYTES, { key: pair.privateKey, ...options });
    const key = publicKey(pair.publicKey, "the key");
    expect(key.verifies(BYTES, signature)).toBe(true);
    expect(key.verifies(OTHER, signature)).toBe(false);
    expect(
      publicKey(
        p256.publicKey === pair.publicKey ? ec("prime256v1").publicKey : p256.publicKey,
        "x",
      ).verifies(BYTES, signature),
    ).toBe(false);
    const broken = Buffer.from(signature);
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    expect(key.verifies(BYTES, broken)).toBe(false);
  });

  it.each([
    ["another hash", sign("sha512", BYTES, p256.privateKey)],
    ["a salt of another length", sign("sha256", BYTES, { key: rsa2048.privateKey, ...pss, saltLength: 10 })],
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("-----BEGIN PGP MESSAGE-----")],
    ["a signature with a tail", Buffer.concat([sign("sha256", BYTES, p256.privateKey), Buffer.of(0)])],
    ["DER of r = s = 0", Buffer.from("3006020100020100", "hex")],
    ["P1363 of r = s = 0", Buffer.alloc(64)],
  ])("never with %s", (_, signature) => {
    for (const pair of [p256, rsa2048]) {
      expect(publicKey(pair.publicKey, "the key").verifies(BYTES, signature)).toBe(false);
    }
  });
});

describe("the id of a PKIX key", () => {
  it("is SHA-256 over its DER, as node:crypto alone computes it", () => {
    for (const { publicKey } of [p256, rsa2048, pss2048]) {
      const der = publicKey.export({ type: "spki", format: "der" });
      const expected = createHash("sha256").update(der).digest("base64url").replace(/=+$/, "");
      expect(pkixKeyId(publicKey)).toBe(`ni:///sha-256;${expected}`);
      expect(parsePublicKey(pem(publicKey), "a.pem").id).toBe(`ni:///sha-256;${expected}`);
    }
  });

  it("gives way to another that attestations know the key by", () => {
    const id = "//cloudkms.googleapis.com/v1/projects/p/cryptoKeyVersions/1";
    expect(parsePublicKey(pem(p256.publicKey), "a.pem", id).id).toBe(id);
  });

  it("is the same from the private key's PEM", () => {
    const privatePem = p256.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    expect(parsePublicKey(privatePem, "a.pem").id).toBe(pkixKeyId(p256.publicKey));
  });
});

describe("a key that Binary Authorization does not accept", () => {
  const pssWith = (modulusLength: number, hashAlgorithm: string, more: object = {}) =>
    generateKeyPairSync("rsa-pss", { modulusLength, hashAlgorithm, ...more }).publicKey;

  it.each<[string, () => KeyObject]>([
    ["secp256k1", () => ec("secp256k1").publicKey],
    ["P-224", () => ec("secp224r1").publicKey],
    ["Ed25519", () => generateKeyPairSync("ed25519").publicKey],
    ["Ed448", () => generateKeyPairSync("ed448").publicKey],
    ["X25519", () => generateKeyPairSync("x25519").publicKey],
    ["DSA", () => generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }).publicKey],
    ["RSA 1024", () => rsa(1024).publicKey],
    ["RSA 2056", () => rsa(2056).publicKey],
    ["PSS with SHA-1", () => pssWith(2048, "sha1")],
    ["PSS with SHA-384", () => pssWith(4096, "sha384")],
    ["PSS with SHA-512 but only 2048 bits", () => pssWith(2048, "sha512")],
    ["PSS with two hashes", () => pssWith(2048, "sha256", { mgf1HashAlgorithm: "sha1" })],
    ["PSS with a longer salt than its hash", () => pssWith(2048, "sha256", { saltLength: 64 })],
  ])("is refused by name: %s", (_, make) => {
    const key = make();
    const refusal = expect.objectContaining({
      code: "key",
      message: expect.stringMatching(/^a\.pem is a key of a kind/),
    });
    expect(() => publicKey(key, "a.pem")).toThrow(refusal);
    expect(() => parsePublicKey(pem(key), "a.pem")).toThrow(refusal);
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["a PEM of nothing", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"],
    ["a PEM that is cut off", pem(p256.publicKey).slice(0, 80)],
    ["an OpenPGP key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n"],
  ])("is none where the file holds %s", (_, text) => {
    expect(() => parsePublicKey(text, "a.pem")).toThrow(
      expect.objectContaining({ code: "key", message: "a.pem holds no public key in PEM form" }),
    );
  });
});

describe("a signature of an old private key", () => {
  it("verifies under the public half of that very key alone", () => {
    const again = createPrivateKey(p256.privateKey.export({ type: "sec1", format: "pem" }));
    expect(publicKey(p256.publicKey, "x").verifies(BYTES, sign("sha256", BYTES, again))).toBe(true);
  });
});

describe("the hint at a key that bundles carry", () => {
  it("is the digest of its DER SubjectPublicKeyInfo in base64, of whichever half it is made", () => {
    const { publicKey: half, privateKey } = ec("P-256");
    const der = half.export({ type: "spki", format: "der" });
    const expected = createHash("sha256").update(der).digest("base64");
    expect(keyHint(half.export({ type: "spki", format: "pem" }).toString())).toBe(expected);
    expect(keyHint(privateKey.export({ type: "pkcs8", format: "pem" }).toString())).toBe(expected);
  });
});
