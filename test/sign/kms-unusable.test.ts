import { beforeEach, describe, expect, it } from "vitest";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { refusal } from "../google/scripted.ts";
import { type FakeKms, kmsPath, signerOn, startKms } from "../support/kms.ts";
import { pairFor } from "../support/kms-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const EC = "EC_SIGN_P256_SHA256";
const idOf = (check: string) => `//cloudkms.googleapis.com/v1/${kmsPath(check)}`;

let kms: FakeKms;
beforeEach(async () => {
  kms = await startKms();
  return () => kms.close();
});

describe("a key version that cannot sign", () => {
  it.each(["DISABLED", "DESTROYED"] as const)(
    "is refused where it is %s, from the start or later",
    async (state) => {
      const version = kms.add(kmsPath("diy"), EC);
      const early = signerOn(kms, ["diy"]);
      await early.sign("diy", BYTES, signal);
      version.state = state;
      for (const signer of [early, signerOn(kms, ["diy"])]) {
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
    const refused = signerOn(kms, ["diy"]).sign("diy", BYTES, signal);
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
    const refused = signerOn(kms, ["diy"]).sign("diy", BYTES, signal);
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
      await expect(signerOn(kms, ["diy"]).sign("diy", BYTES, signal)).rejects.toMatchObject({
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
    await expect(signerOn(kms, ["diy"]).sign("diy", BYTES, signal)).rejects.toMatchObject({
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
    const signer = signerOn(kms, [], { keys: [{ check: "diy", path }] });
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({
      code: "key",
      message: expect.stringContaining(`${JSON.stringify(path)} in [[kms_keys]] names no key version`),
    });
    expect(kms.requests).toEqual([]);
  });

  it("is in the way of no other check", async () => {
    kms.add(kmsPath("diy"), EC).state = "DISABLED";
    kms.add(kmsPath("nobody"), EC);
    const signer = signerOn(kms, ["diy", "nobody"]);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({ code: "key" });
    const keyId = idOf("nobody");
    const signature = await signer.sign("nobody", BYTES, signal);
    const trusted = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    const ring = createKeyRing(async () => trusted);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toEqual({ counts: true, keyId });
  });

  it("names the permission where it may not be used", async () => {
    kms.add(kmsPath("diy"), EC);
    const signer = signerOn(kms, ["diy"]);
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
