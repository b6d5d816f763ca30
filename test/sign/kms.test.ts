import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { parseEndpoint } from "../../lib/google/endpoint.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { createKmsSigner, type KmsSignerOptions } from "../../lib/sign/kms.ts";
import { signBy } from "../../lib/sign/scheme.ts";
import { refusal, restTo } from "../google/scripted.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { type FakeKms, kmsPath, startKms } from "../support/kms.ts";
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

/** A signer with a key for each check, each called as its check. */
function signerFor(checks: readonly string[], options: Partial<KmsSignerOptions> = {}) {
  const rest = restTo(parseEndpoint(kms.url, "kms.endpoint"));
  const keys = checks.map((check) => ({ check, path: kmsPath(check) }));
  return createKmsSigner({ keys, rest, backOff: 5, ...options });
}

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
    const signer = signerFor(["diy"]);
    const signature = await signer.sign("diy", BYTES, signal);
    const key = (await signer.publicKeys()).get("diy");
    expect(signature.keyId).toBe(idOf("diy"));
    expect(key?.id).toBe(signature.keyId);
    expect(await key?.verifies(BYTES, signature.bytes)).toBe(true);
    expect(await key?.verifies(Buffer.from("other"), signature.bytes)).toBe(false);
  });

  it("sends the digest alone, with its checksum", async () => {
    kms.add(kmsPath("diy"), "EC_SIGN_P384_SHA384");
    await signerFor(["diy"]).sign("diy", Buffer.from("123456789"), signal);
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
    const signer = signerFor(["diy"]);
    await Promise.all(Array.from({ length: 5 }, () => signer.sign("diy", BYTES, signal)));
    await (await signer.publicKeys()).get("diy")?.text();
    expect([kms.count("publicKey"), kms.count("asymmetricSign")]).toEqual([1, 5]);
  });

  it("signs for each check with its own key", async () => {
    for (const check of ["diy", "nobody"]) kms.add(kmsPath(check), EC);
    const signer = signerFor(["diy", "nobody"]);
    const { bytes, keyId } = await signer.sign("nobody", BYTES, signal);
    const keys = await signer.publicKeys();
    expect(keyId).toBe(idOf("nobody"));
    expect(await keys.get("nobody")?.verifies(BYTES, bytes)).toBe(true);
    expect(await keys.get("diy")?.verifies(BYTES, bytes)).toBe(false);
  });

  it("has no key for a check that none was configured for, and says how to add one", async () => {
    await expect(signerFor(["diy"]).sign("nobody", BYTES, signal)).rejects.toMatchObject({
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
      const key = (await signerFor(["diy"]).publicKeys()).get("diy");
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
    const key = (await signerFor(["diy"]).publicKeys()).get("diy");
    expect(await key?.text()).toBe(pair.publicKey.export({ type: "spki", format: "pem" }));
  });

  it("is named without a question to Cloud KMS", async () => {
    const keys = await signerFor(["diy", "nobody"]).publicKeys();
    expect([...keys].map(([check, { id }]) => [check, id])).toEqual([
      ["diy", idOf("diy")],
      ["nobody", idOf("nobody")],
    ]);
    expect(kms.requests).toEqual([]);
  });
});

describe("a key version that cannot sign", () => {
  it.each(["DISABLED", "DESTROYED"] as const)(
    "is refused where it is %s, from the start or later",
    async (state) => {
      const version = kms.add(kmsPath("diy"), EC);
      const early = signerFor(["diy"]);
      await early.sign("diy", BYTES, signal);
      version.state = state;
      for (const signer of [early, signerFor(["diy"])]) {
        const refused = signer.sign("diy", BYTES, signal);
        await expect(refused).rejects.toMatchObject({ code: "key", retryable: false });
        await expect(refused).rejects.toThrow(
          new RegExp(`${kmsPath("diy")} is not enabled, current state is: ${state}.*must be enabled`),
        );
      }
      expect(kms.count("publicKey")).toBe(2);
    },
  );

  it("is refused where it does not exist", async () => {
    const refused = signerFor(["diy"]).sign("diy", BYTES, signal);
    await expect(refused).rejects.toMatchObject({ code: "key", retryable: false });
    await expect(refused).rejects.toThrow(/not found.*check its path in \[\[kms_keys\]\]$/);
  });

  it.each([
    ["EC_SIGN_SECP256K1_SHA256", EC],
    ["EC_SIGN_ED25519", EC],
    ["RSA_SIGN_RAW_PKCS1_2048", EC],
    ["RSA_DECRYPT_OAEP_2048_SHA256", EC],
    ["toString", EC],
  ])("is refused where its algorithm is %s", async (algorithm, kind) => {
    kms.add(kmsPath("diy"), algorithm, pairFor(kind));
    const refused = signerFor(["diy"]).sign("diy", BYTES, signal);
    await expect(refused).rejects.toMatchObject({ code: "key", retryable: false });
    await expect(refused).rejects.toThrow(
      `${kmsPath("diy")} is one for ${algorithm}, which signs no attestation`,
    );
    expect(kms.count("asymmetricSign")).toBe(0);
  });

  it.each(["GOOGLE_SYMMETRIC_ENCRYPTION", "HMAC_SHA256", "PQ_SIGN_ML_DSA_65"])(
    "is refused where it has no public key of the usual kind: %s",
    async (algorithm) => {
      kms.add(kmsPath("diy"), algorithm, pairFor(EC));
      await expect(signerFor(["diy"]).sign("diy", BYTES, signal)).rejects.toMatchObject({
        code: "key",
        message: expect.stringMatching(/has no public key.*of the purpose asymmetric signing$/),
      });
    },
  );

  it.each([
    ["EC_SIGN_P256_SHA256", "EC_SIGN_P384_SHA384"],
    ["RSA_SIGN_PSS_2048_SHA256", "EC_SIGN_P256_SHA256"],
    ["RSA_SIGN_PSS_4096_SHA256", "RSA_SIGN_PSS_2048_SHA256"],
  ])("is refused where it claims %s with a key for %s", async (algorithm, kind) => {
    kms.add(kmsPath("diy"), algorithm, pairFor(kind));
    await expect(signerFor(["diy"]).sign("diy", BYTES, signal)).rejects.toMatchObject({
      code: "key",
      message: `Cloud KMS gives the key version ${kmsPath("diy")} the algorithm ${algorithm}, and a public key that is none for it`,
    });
  });

  it.each([
    "projects/p/locations/global/keyRings/r/cryptoKeys/k",
    "projects/../locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1?alt=media",
    "//cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
    "",
  ])("is refused by its name alone: %j", async (path) => {
    const signer = signerFor([], { keys: [{ check: "diy", path }] });
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({
      code: "key",
      message: expect.stringContaining(`${JSON.stringify(path)} in [[kms_keys]] names no key version`),
    });
    expect(kms.requests).toEqual([]);
  });

  it("is in the way of no other check", async () => {
    kms.add(kmsPath("diy"), EC).state = "DISABLED";
    kms.add(kmsPath("nobody"), EC);
    const signer = signerFor(["diy", "nobody"]);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({ code: "key" });
    const keyId = idOf("nobody");
    const signature = await signer.sign("nobody", BYTES, signal);
    const trusted = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    const ring = createKeyRing(async () => trusted);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toEqual({ counts: true, keyId });
  });

  it("names the permission where it may not be used", async () => {
    kms.add(kmsPath("diy"), EC);
    const signer = signerFor(["diy"]);
    kms.spoil("publicKey", refusal(403, "PERMISSION_DENIED"));
    const key = kmsPath("diy").replace("/cryptoKeyVersions/1", "");
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining(`needs cloudkms.cryptoKeyVersions.viewPublicKey on ${key}`),
    });
    kms.spoil("asymmetricSign", refusal(403, "PERMISSION_DENIED"));
    await expect(signer.sign("diy", BYTES, signal)).rejects.toThrow(
      `needs cloudkms.cryptoKeyVersions.useToSign on ${key}`,
    );
  });
});

describe("the algo of a key in the configuration", () => {
  const warningsFor = async (algo: string) => {
    kms.add(kmsPath("diy"), "RSA_SIGN_PSS_2048_SHA256", anyPairFor("2048"));
    const observer = recordingObserver();
    const signer = signerFor([], { keys: [{ check: "diy", path: kmsPath("diy"), algo }], observer });
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
    const signer = signerFor([], { keys: onePath });
    await expect(signer.sign("diy", BYTES, signal)).rejects.toEqual(sharing);
    await expect(signer.publicKeys()).rejects.toEqual(sharing);
    expect(kms.requests).toEqual([]);
  });

  it("are refused where two versions hold one imported key", async () => {
    const pair = pairFor(EC);
    for (const check of ["diy", "nobody"]) kms.add(kmsPath(check), EC, pair);
    const signer = signerFor(["diy", "nobody"]);
    await signer.sign("diy", BYTES, signal);
    await expect(signer.sign("nobody", BYTES, signal)).rejects.toEqual(sharing);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toEqual(sharing);
  });

  it("are allowed where the configuration says so", async () => {
    kms.add(kmsPath("shared"), EC);
    const signer = signerFor([], { keys: onePath, allowSharedKeys: true });
    const signatures = await Promise.all(onePath.map(({ check }) => signer.sign(check, BYTES, signal)));
    expect(signatures.map(({ keyId }) => keyId)).toEqual([idOf("shared"), idOf("shared")]);
    expect(kms.count("publicKey")).toBe(1);
  });
});
