import { beforeAll, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { parsePublicKey, unreadableKey } from "../../lib/sign/public-key.ts";
import { makeKeys, signerOf, type TestKeys } from "../support/test-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
let keys: TestKeys;
let strangers: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
  strangers = await makeKeys(["diy"]);
});

const signedBy = (by: TestKeys, check: string) => by.signer.sign(check, BYTES, signal);

describe("a key ring", () => {
  it("counts a signature of the check's own key", async () => {
    const signature = await signedBy(keys, "diy");
    expect(await keys.keyRing.verify("diy", BYTES, signature, signal)).toEqual({
      counts: true,
      keyId: keys.pair("diy").keyId,
    });
  });

  it("does not count a signature of another check's key, and names that check", async () => {
    const signature = await signedBy(keys, "diy");
    expect(await keys.keyRing.verify("nobody", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "it was made with the key of the check diy",
    });
  });

  it("does not count a signature of a key that it does not know", async () => {
    const signature = await signedBy(strangers, "diy");
    expect(await keys.keyRing.verify("diy", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: `it was made with an unknown key (${strangers.pair("diy").keyId})`,
    });
  });

  it("does not count a signature that names no key, even if a key of the check made it", async () => {
    const { bytes } = await signedBy(keys, "diy");
    expect(await keys.keyRing.verify("diy", BYTES, { bytes, keyId: "" }, signal)).toEqual({
      counts: false,
      reason: "it was made with an unknown key (none named)",
    });
  });

  it("does not count a signature over other bytes, nor one of another key under this key's name", async () => {
    const reason = `its signature does not verify under the key ${keys.pair("diy").keyId}`;
    const good = await signedBy(keys, "diy");
    expect(await keys.keyRing.verify("diy", Buffer.from("other"), good, signal)).toEqual({
      counts: false,
      reason,
    });
    const forged = { ...(await signedBy(strangers, "diy")), keyId: good.keyId };
    expect(await keys.keyRing.verify("diy", BYTES, forged, signal)).toEqual({ counts: false, reason });
  });

  it("counts any of several keys that are trusted for a check, as while a key is rotated", async () => {
    const ring = createKeyRing(async () => [...keys.trusted, ...strangers.trusted]);
    for (const by of [keys, strangers]) {
      expect(await ring.verify("diy", BYTES, await signedBy(by, "diy"), signal)).toHaveProperty(
        "counts",
        true,
      );
    }
  });

  it("counts a key that goes by another name only under that name", async () => {
    const id = "//cloudkms.googleapis.com/v1/projects/p/cryptoKeyVersions/1";
    const key = parsePublicKey(keys.pair("diy").publicKey, "a.pem", id);
    const ring = createKeyRing(async () => [{ check: "diy", key }]);
    const signature = await signedBy(keys, "diy");
    expect(await ring.verify("diy", BYTES, signature, signal)).toHaveProperty("counts", false);
    expect(await ring.verify("diy", BYTES, { ...signature, keyId: id }, signal)).toEqual({
      counts: true,
      keyId: id,
    });
  });

  it("counts a shared key for each check that shares it, and for no other", async () => {
    const { privateKey } = keys.pair("diy");
    const signer = await signerOf(
      [
        ["diy", privateKey],
        ["nobody", privateKey],
      ],
      { allowSharedKeys: true },
    );
    const trusted = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    const ring = createKeyRing(async () => trusted);
    const signature = await signer.sign("diy", BYTES, signal);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("snakeoil", BYTES, signature, signal)).toHaveProperty("counts", false);
  });

  it("trusts nobody where it has no keys", async () => {
    const ring = createKeyRing(async () => []);
    expect(await ring.verify("diy", BYTES, await signedBy(keys, "diy"), signal)).toHaveProperty(
      "counts",
      false,
    );
  });
});

describe("a key ring with a key that cannot be read", () => {
  const fault = new VoucherError("key", "the key file nobody.pem cannot be read");
  const unread = { check: "nobody", key: unreadableKey(fault) };
  const others = () => keys.trusted.filter(({ check }) => check !== "nobody");

  it("throws why, where that key might have made a signature", async () => {
    const ring = createKeyRing(async () => [...others(), unread]);
    const signature = await signedBy(keys, "nobody");
    await expect(ring.verify("nobody", BYTES, signature, signal)).rejects.toBe(fault);
    await expect(ring.verify("nobody", BYTES, { ...signature, keyId: "" }, signal)).rejects.toBe(fault);
  });

  it("answers for every other check, and for a signature that another key made", async () => {
    const ring = createKeyRing(async () => [...others(), unread]);
    const signature = await signedBy(keys, "diy");
    expect(await ring.verify("diy", BYTES, signature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "it was made with the key of the check diy",
    });
  });

  it("asks for its keys again until it has them all", async () => {
    const loads = [[...others(), unread], keys.trusted];
    const ring = createKeyRing(async () => loads.shift() ?? []);
    const signature = await signedBy(keys, "nobody");
    await expect(ring.verify("nobody", BYTES, signature, signal)).rejects.toBe(fault);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toHaveProperty("counts", true);
  });
});

describe("loading the keys of a ring", () => {
  it("happens once, on first use", async () => {
    let loads = 0;
    const ring = createKeyRing(async () => {
      loads += 1;
      return keys.trusted;
    });
    expect(loads).toBe(0);
    const signature = await signedBy(keys, "diy");
    await Promise.all([1, 2, 3].map(() => ring.verify("diy", BYTES, signature, signal)));
    expect(loads).toBe(1);
  });

  it("is tried again after it failed, and its fault is thrown until then", async () => {
    let loads = 0;
    const ring = createKeyRing(async () => {
      loads += 1;
      if (loads === 1) throw new Error("the volume is not mounted");
      return keys.trusted;
    });
    const signature = await signedBy(keys, "diy");
    await expect(ring.verify("diy", BYTES, signature, signal)).rejects.toThrow("not mounted");
    expect(await ring.verify("diy", BYTES, signature, signal)).toHaveProperty("counts", true);
  });
});

describe("a key ring whose key ids are hints", () => {
  const hinting = (...trusted: TestKeys["trusted"]) =>
    createKeyRing(async () => trusted, { idsAreHints: true });
  const fault = () => {
    throw new VoucherError("unavailable", "the key service is down", { retryable: true });
  };
  const down = { check: "diy", key: { id: "down", verifies: fault, text: fault } };

  it.each(["", "some hint", "//cloudkms.googleapis.com/v1/other"])(
    "counts a signature of the check's key whatever key it names: %j",
    async (keyId) => {
      const { bytes } = await signedBy(keys, "diy");
      const ring = hinting(...strangers.trusted, ...keys.trusted);
      expect(await ring.verify("diy", BYTES, { bytes, keyId }, signal)).toEqual({
        counts: true,
        keyId: keys.pair("diy").keyId,
      });
    },
  );

  it("does not count a signature of another check's key, though it names the check's own", async () => {
    const { bytes } = await signedBy(keys, "nobody");
    const signature = { bytes, keyId: keys.pair("diy").keyId };
    expect(await hinting(...keys.trusted).verify("diy", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "its signature verifies under no key that is trusted for diy",
    });
  });

  it("counts nothing for a check without a key", async () => {
    const signature = await signedBy(keys, "diy");
    expect(await hinting(...strangers.trusted).verify("nobody", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "no key is trusted for nobody",
    });
  });

  it("leaves the question open where a key cannot be asked, unless another verifies", async () => {
    const signature = await signedBy(keys, "diy");
    await expect(hinting(down).verify("diy", BYTES, signature, signal)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(await hinting(down, ...keys.trusted).verify("diy", BYTES, signature, signal)).toMatchObject({
      counts: true,
    });
  });
});
