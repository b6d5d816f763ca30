import { beforeEach, describe, expect, it } from "vitest";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import type { KeyedSigner } from "../../lib/sign/keyed-signer.ts";
import { parsePublicKey } from "../../lib/sign/public-key.ts";
import { refusal } from "../google/scripted.ts";
import { type FakeKms, kmsPath, signerOn, startKms } from "../support/kms.ts";
import { ALGORITHMS, anyPairFor } from "../support/kms-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const idOf = (check: string) => `//cloudkms.googleapis.com/v1/${kmsPath(check)}`;

let kms: FakeKms;
beforeEach(async () => {
  kms = await startKms();
  for (const check of ["diy", "nobody"]) kms.add(kmsPath(check), "EC_SIGN_P256_SHA256");
  return () => kms.close();
});

const newSigner = () => signerOn(kms, ["diy", "nobody"]);
/** A ring over the keys of this signer. */
const ringOf = (keys: KeyedSigner) =>
  createKeyRing(async () => [...(await keys.publicKeys())].map(([check, key]) => ({ check, key })));

describe("a key ring with keys of Cloud KMS", () => {
  it("counts what the signer signed, for that check alone", async () => {
    const signature = await newSigner().sign("diy", BYTES, signal);
    const ring = ringOf(newSigner());
    expect(await ring.verify("diy", BYTES, signature, signal)).toEqual({ counts: true, keyId: idOf("diy") });
    expect(await ring.verify("nobody", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "it was made with the key of the check diy",
    });
  });

  it("does not count a signature over other bytes, nor one of another key under this key's name", async () => {
    const [good, other] = await Promise.all(
      ["diy", "nobody"].map((check) => newSigner().sign(check, BYTES, signal)),
    );
    if (good === undefined || other === undefined) throw new Error("nothing was signed");
    const ring = ringOf(newSigner());
    const reason = `its signature does not verify under the key ${idOf("diy")}`;
    expect(await ring.verify("diy", Buffer.from("other"), good, signal)).toEqual({ counts: false, reason });
    const forged = { bytes: other.bytes, keyId: good.keyId };
    expect(await ring.verify("diy", BYTES, forged, signal)).toEqual({ counts: false, reason });
  });

  it("asks for a public key once, and only where a signature names it", async () => {
    const signature = await newSigner().sign("diy", BYTES, signal);
    const before = kms.requests.length;
    const ring = ringOf(newSigner());
    await Promise.all([1, 2, 3].map(() => ring.verify("diy", BYTES, signature, signal)));
    await ring.verify("nobody", BYTES, { ...signature, keyId: "another" }, signal);
    expect(kms.requests.slice(before).map(({ path }) => path)).toEqual([`/v1/${kmsPath("diy")}/publicKey`]);
  });

  it.each(ALGORITHMS)(
    "counts a version that was rotated out, from its PEM and id alone: %s",
    async (algorithm) => {
      const { pair } = kms.add(kmsPath("old"), algorithm, anyPairFor(algorithm));
      const signature = await signerOn(kms, ["old"]).sign("old", BYTES, signal);
      const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
      const key = parsePublicKey(pem, "old.pem", idOf("old"));
      const ring = createKeyRing(async () => [{ check: "diy", key }]);
      expect(await ring.verify("diy", BYTES, signature, signal)).toEqual({
        counts: true,
        keyId: idOf("old"),
      });
    },
  );

  it("says of a signature whose key was disabled since that it does not count, and why", async () => {
    const version = kms.add(kmsPath("diy"), "EC_SIGN_P256_SHA256");
    const signature = await newSigner().sign("diy", BYTES, signal);
    version.state = "DISABLED";
    expect(await ringOf(newSigner()).verify("diy", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: expect.stringMatching(/^its key cannot be used: .*is not enabled, current state is: DISABLED/),
    });
  });

  it("decides nothing while Cloud KMS does not answer, or refuses the caller", async () => {
    const signature = await newSigner().sign("diy", BYTES, signal);
    const ring = ringOf(newSigner());
    const busy = refusal(503, "UNAVAILABLE");
    kms.spoil("publicKey", busy, busy, busy, busy, refusal(403, "PERMISSION_DENIED"));
    await expect(ring.verify("diy", BYTES, signature, signal)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
    await expect(ring.verify("diy", BYTES, signature, signal)).rejects.toMatchObject({ code: "forbidden" });
    expect(await ring.verify("diy", BYTES, signature, signal)).toHaveProperty("counts", true);
  });

  it("lets a caller go who gives up", async () => {
    const signature = await newSigner().sign("diy", BYTES, signal);
    kms.spoil("publicKey", { ...refusal(503), headers: { "retry-after": "1" } });
    const leaving = AbortSignal.timeout(50);
    await expect(ringOf(newSigner()).verify("diy", BYTES, signature, leaving)).rejects.toMatchObject({
      code: "timeout",
    });
  });
});
