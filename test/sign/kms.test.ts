import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { signBy } from "../../lib/sign/scheme.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { type FakeKms, kmsPath, signerOn, startKms } from "../support/kms.ts";
import { ALGORITHMS, anyPairFor, pairFor } from "../support/kms-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const EC = "EC_SIGN_P256_SHA256";
const idOf = (check: string) => `//cloudkms.googleapis.com/v1/${kmsPath(check)}`;

let kms: FakeKms;
beforeEach(async () => {
  kms = await startKms();
  return () => kms.close();
});

/** CRC-32C bit by bit, as RFC 3720 defines it. */
function crc32cByBits(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  }
  return ~remainder >>> 0;
}

describe("a KMS signer", () => {
  it.each(ALGORITHMS)("signs by %s, and names the key version", async (algorithm) => {
    kms.add(kmsPath("diy"), algorithm, anyPairFor(algorithm));
    const signer = signerOn(kms, ["diy"]);
    const signature = await signer.sign("diy", BYTES, signal);
    const key = (await signer.publicKeys()).get("diy");
    expect(signature.keyId).toBe(idOf("diy"));
    expect(key?.id).toBe(signature.keyId);
    expect(await key?.verifies(BYTES, signature.bytes)).toBe(true);
    expect(await key?.verifies(Buffer.from("other"), signature.bytes)).toBe(false);
  });

  it("sends the digest alone, with its checksum", async () => {
    kms.add(kmsPath("diy"), "EC_SIGN_P384_SHA384");
    await signerOn(kms, ["diy"]).sign("diy", Buffer.from("123456789"), signal);
    const [, request] = kms.requests;
    expect(request?.path).toBe(`/v1/${kmsPath("diy")}:asymmetricSign`);
    const sha384 = createHash("sha384").update("123456789").digest();
    expect(JSON.parse(String(request?.body))).toEqual({
      digest: { sha384: sha384.toString("base64") },
      digestCrc32c: String(crc32cByBits(sha384)),
    });
    expect(crc32cByBits(Buffer.from("123456789"))).toBe(0xe3069283);
  });

  it("reads a public key once, however many signatures are asked for at once", async () => {
    kms.add(kmsPath("diy"), EC);
    const signer = signerOn(kms, ["diy"]);
    await Promise.all(Array.from({ length: 5 }, () => signer.sign("diy", BYTES, signal)));
    await (await signer.publicKeys()).get("diy")?.text();
    expect([kms.count("publicKey"), kms.count("asymmetricSign")]).toEqual([1, 5]);
  });

  it("signs for each check with its own key", async () => {
    for (const check of ["diy", "nobody"]) kms.add(kmsPath(check), EC);
    const signer = signerOn(kms, ["diy", "nobody"]);
    const { bytes, keyId } = await signer.sign("nobody", BYTES, signal);
    const keys = await signer.publicKeys();
    expect(keyId).toBe(idOf("nobody"));
    expect(await keys.get("nobody")?.verifies(BYTES, bytes)).toBe(true);
    expect(await keys.get("diy")?.verifies(BYTES, bytes)).toBe(false);
  });

  it("has no key for a check that none was configured for, and says how to add one", async () => {
    await expect(signerOn(kms, ["diy"]).sign("nobody", BYTES, signal)).rejects.toMatchObject({
      code: "key",
      message: 'no key is configured for the check nobody; add [[kms_keys]] with check = "nobody"',
    });
    expect(kms.requests).toEqual([]);
  });
});

describe("a public key of Cloud KMS", () => {
  it.each(ALGORITHMS.filter((name) => name.startsWith("RSA")))(
    "verifies nothing that the same key signed otherwise: %s",
    async (algorithm) => {
      const pair = anyPairFor(algorithm);
      kms.add(kmsPath("diy"), algorithm, pair);
      const key = (await signerOn(kms, ["diy"]).publicKeys()).get("diy");
      const own = `${/PSS|PKCS1/.exec(algorithm)} ${/SHA\d+/.exec(algorithm)}`;
      for (const padding of ["pss", "pkcs1"] as const) {
        for (const hash of ["sha256", "sha512"] as const) {
          const signature = signBy({ hash, padding }, pair.privateKey, BYTES);
          expect(await key?.verifies(BYTES, signature)).toBe(`${padding} ${hash}`.toUpperCase() === own);
        }
      }
    },
  );

  it("is printed in PEM form, as Cloud KMS gives it", async () => {
    const { pair } = kms.add(kmsPath("diy"), EC);
    const key = (await signerOn(kms, ["diy"]).publicKeys()).get("diy");
    expect(await key?.text()).toBe(pair.publicKey.export({ type: "spki", format: "pem" }));
  });

  it("is named without a question to Cloud KMS", async () => {
    const keys = await signerOn(kms, ["diy", "nobody"]).publicKeys();
    expect([...keys].map(([check, { id }]) => [check, id])).toEqual([
      ["diy", idOf("diy")],
      ["nobody", idOf("nobody")],
    ]);
    expect(kms.requests).toEqual([]);
  });
});

describe("the algo of a key in the configuration", () => {
  const warningsFor = async (algo: string) => {
    kms.add(kmsPath("diy"), "RSA_SIGN_PSS_2048_SHA256", anyPairFor("2048"));
    const observer = recordingObserver();
    const signer = signerOn(kms, [], { keys: [{ check: "diy", path: kmsPath("diy"), algo }], observer });
    await signer.sign("diy", BYTES, signal);
    await signer.sign("diy", BYTES, signal);
    return observer.entries;
  };

  it.each(["SHA256", "sha256", "RSA_SIGN_PSS_2048_SHA256"])("agrees with the key's own: %s", async (algo) => {
    expect(await warningsFor(algo)).toEqual([]);
  });

  it.each(["SHA512", "RSA_SIGN_PKCS1_2048_SHA256", "md5"])(
    "differs, earns one warning, and decides nothing: %s",
    async (algo) => {
      expect(await warningsFor(algo)).toEqual([
        {
          severity: "WARNING",
          message: "a key in [[kms_keys]] has another algorithm than its algo says",
          fields: { check: "diy", path: kmsPath("diy"), algo, algorithm: "RSA_SIGN_PSS_2048_SHA256" },
        },
      ]);
    },
  );
});

describe("two checks with one key of Cloud KMS", () => {
  const sharing = expect.objectContaining({
    code: "key",
    message: expect.stringMatching(/^the checks diy and nobody share one key.*allow_shared_keys$/),
  });
  const onePath = ["diy", "nobody"].map((check) => ({ check, path: kmsPath("shared") }));

  it("are refused before anything is asked", async () => {
    const signer = signerOn(kms, [], { keys: onePath });
    await expect(signer.sign("diy", BYTES, signal)).rejects.toEqual(sharing);
    await expect(signer.publicKeys()).rejects.toEqual(sharing);
    expect(kms.requests).toEqual([]);
  });

  it("are refused where two versions hold one imported key", async () => {
    const pair = pairFor(EC);
    for (const check of ["diy", "nobody"]) kms.add(kmsPath(check), EC, pair);
    const signer = signerOn(kms, ["diy", "nobody"]);
    await signer.sign("diy", BYTES, signal);
    await expect(signer.sign("nobody", BYTES, signal)).rejects.toEqual(sharing);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toEqual(sharing);
  });

  it("are allowed where the configuration says so", async () => {
    kms.add(kmsPath("shared"), EC);
    const signer = signerOn(kms, [], { keys: onePath, allowSharedKeys: true });
    const signatures = await Promise.all(onePath.map(({ check }) => signer.sign(check, BYTES, signal)));
    expect(signatures.map(({ keyId }) => keyId)).toEqual([idOf("shared"), idOf("shared")]);
    expect(kms.count("publicKey")).toBe(1);
  });
});
