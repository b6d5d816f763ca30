import { createPublicKey, verify } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { pass } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Signer } from "../../lib/ports.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { indexOf, platformImage, singleImage } from "../support/fake-images.ts";
import { attestationBy } from "../support/memory-store.ts";
import { judgementOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
let oldKeys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
  oldKeys = await makeKeys(["diy", "nobody"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const index = indexOf([
  platformImage("linux/amd64", { user: "app" }),
  platformImage("linux/arm64", { user: "app" }),
]);
const brokenStore = () => new VoucherError("forbidden", "occurrences.create was denied");

describe("an attestation that a review stores", () => {
  it("verifies by node:crypto alone, with the check's public key over the stored bytes", async () => {
    const { review, store } = reviewing(keys);
    await review(index);
    expect(store.all).toHaveLength(6);
    for (const { checkName, payload, signatures } of store.all) {
      const key = createPublicKey(keys.pair(checkName).publicKey);
      expect(signatures).toHaveLength(1);
      expect(verify("sha256", payload, key, signatures[0]?.bytes ?? new Uint8Array())).toBe(true);
    }
  });
});

describe("a rotated key", () => {
  it("makes old attestations not count, and the new ones take their places", async () => {
    const { review, store } = reviewing(keys);
    await reviewInto(store, oldKeys);
    const ids = store.all.map(({ id }) => id);
    const reviewed = await review(image);
    expect(store.all.map(({ id }) => id)).toEqual(ids);
    expect(store.find(image.reference, "nobody")?.signatures.map(({ keyId }) => keyId)).toEqual([
      keys.pair("nobody").keyId,
    ]);
    expect(judgementOf(reviewed, "nobody").unstored).toBeUndefined();
  });

  it("leaves an attestation alone whose older key is still trusted", async () => {
    const { review, store } = reviewing({ signer: keys.signer, keyRing: bothTrusted() });
    await reviewInto(store, oldKeys);
    await review(image);
    expect(store.calls.put).toBe(0);
  });

  it("adds to the signatures that are still trusted when forced, and drops all others", async () => {
    const { review, store } = reviewing({ signer: keys.signer, keyRing: bothTrusted() });
    const strangers = await makeKeys(["nobody"]);
    const old = await attestationBy(oldKeys.signer, "nobody", image.reference);
    const strange = await attestationBy(strangers.signer, "nobody", image.reference);
    store.plant({ ...old, signatures: [...strange.signatures, ...old.signatures] });
    await review(image, { existing: "force" });
    await review(image, { existing: "force" });
    expect(store.find(image.reference, "nobody")?.signatures.map(({ keyId }) => keyId)).toEqual([
      keys.pair("nobody").keyId,
      oldKeys.pair("nobody").keyId,
    ]);
  });

  it("signs the payload that kept signatures were made over, so that they go on verifying", async () => {
    const keyRing = bothTrusted();
    const { review, store } = reviewing({ signer: keys.signer, keyRing });
    const document: unknown = JSON.parse(Buffer.from(binauthzPayload(image.reference)).toString());
    const payload = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
    store.plant(await attestationBy(oldKeys.signer, "nobody", image.reference, { payload }));
    await review(image, { existing: "force" });
    const stored = store.find(image.reference, "nobody");
    expect(stored?.payload).toEqual(payload);
    const signal = new AbortController().signal;
    for (const signature of stored?.signatures ?? []) {
      expect(await keyRing.verify("nobody", payload, signature, signal)).toMatchObject({ counts: true });
    }
    expect(stored?.signatures).toHaveLength(2);
  });

  const bothTrusted = () => createKeyRing(async () => [...keys.trusted, ...oldKeys.trusted]);

  async function reviewInto(store: ReturnType<typeof reviewing>["store"], by: TestKeys) {
    for (const check of ["diy", "nobody"])
      store.plant(await attestationBy(by.signer, check, image.reference));
  }
});

describe("a conflict with an attestation that the first look did not show", () => {
  it("is success where that one counts", async () => {
    const { review, store } = reviewing(keys);
    const theirs = await attestationBy(keys.signer, "nobody", image.reference);
    store.plant(theirs, { seenFromList: 2 });
    const judgement = judgementOf(await review(image), "nobody");
    expect(judgement.attestation?.signature).toEqual(theirs.signatures[0]);
    expect(judgement.unstored).toBeUndefined();
    expect(store.find(image.reference, "nobody")?.signatures).toEqual(theirs.signatures);
  });

  it("comes back where it is not visible yet", async () => {
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "nobody", image.reference), { seenFromList: 99 });
    const reviewed = await review(image);
    expect(judgementOf(reviewed, "nobody")).toMatchObject({
      outcome: pass,
      unstored: { code: "conflict", retryable: true },
    });
    expect(judgementOf(reviewed, "nobody").attestation).toBeUndefined();
    expect(judgementOf(reviewed, "diy").attestation).toBeDefined();
  });

  it("is replaced where it does not count", async () => {
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(oldKeys.signer, "nobody", image.reference), { seenFromList: 2 });
    const judgement = judgementOf(await review(image), "nobody");
    expect(judgement.attestation?.signature.keyId).toBe(keys.pair("nobody").keyId);
    expect(store.find(image.reference, "nobody")?.signatures.map(({ keyId }) => keyId)).toEqual([
      keys.pair("nobody").keyId,
    ]);
  });

  it("comes back, and replaces nothing, where nobody can say just now whether that one counts", async () => {
    const down = new VoucherError("unavailable", "Cloud KMS answers 503", { retryable: true });
    const keyRing = { verify: () => Promise.reject(down) };
    const { review, store } = reviewing({ signer: keys.signer, keyRing });
    const theirs = await attestationBy(keys.signer, "nobody", image.reference);
    store.plant(theirs, { seenFromList: 2 });
    expect(judgementOf(await review(image), "nobody")).toMatchObject({ outcome: pass, unstored: down });
    expect(store.find(image.reference, "nobody")?.signatures).toEqual(theirs.signatures);
  });

  it("comes back where the second look fails", async () => {
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "nobody", image.reference), { seenFromList: 2 });
    const list = store.list.bind(store);
    store.list = (...asked) => {
      if (store.calls.list > 0)
        store.listFault = new VoucherError("unavailable", "busy", { retryable: true });
      return list(...asked);
    };
    expect(judgementOf(await review(image), "nobody").unstored?.message).toBe("busy");
  });
});

describe("what cannot be signed or stored", () => {
  it("leaves the rest stored: one put that fails", async () => {
    const { review, store } = reviewing(keys);
    store.putFault = ({ checkName, subject }) =>
      checkName === "nobody" && subject.digest === index.order[1] ? brokenStore() : undefined;
    const reviewed = await review(index);
    expect(store.contents).toHaveLength(5);
    expect(judgementOf(reviewed, "nobody", "linux/arm64").unstored?.message).toBe(
      "occurrences.create was denied",
    );
    expect(judgementOf(reviewed, "nobody", "linux/arm64").outcome).toEqual(pass);
    expect(judgementOf(reviewed, "nobody", "linux/amd64").attestation).toBeDefined();
  });

  it("leaves the rest stored: one key that is missing", async () => {
    const onlyDiy = await makeKeys(["diy"]);
    const { review, store } = reviewing(onlyDiy);
    const reviewed = await review(image);
    expect(store.contents).toEqual([`diy ${image.reference.digest}`]);
    expect(judgementOf(reviewed, "nobody").unstored).toMatchObject({ code: "key" });
  });

  it("says so for each where the whole put breaks", async () => {
    const { review, store } = reviewing(keys);
    store.put = () => Promise.reject(new TypeError("broken"));
    const reviewed = await review(image);
    expect(judgementOf(reviewed, "diy").unstored).toMatchObject({ code: "internal", message: "broken" });
    expect(judgementOf(reviewed, "nobody").unstored).toMatchObject({ code: "internal" });
  });

  it("says so where the store forgets to answer", async () => {
    const { review, store } = reviewing(keys);
    store.put = async () => [];
    expect(judgementOf(await review(image), "diy").unstored?.message).toBe("the store gave no answer");
  });

  it("is everything where the store cannot be asked what exists; the checks are still judged", async () => {
    const { review, store } = reviewing(keys);
    store.listFault = new VoucherError("unavailable", "busy", { retryable: true });
    const reviewed = await review(index);
    expect(store.calls.put).toBe(0);
    expect(judgementOf(reviewed, "nobody", "linux/amd64")).toMatchObject({
      outcome: pass,
      unstored: { code: "unavailable" },
    });
    expect(judgementOf(reviewed, "nobody").unstored?.message).toBe("busy");
  });

  it("waits for no signature after another failed, and signs each thing once", async () => {
    const signed: string[] = [];
    const signer: Signer = {
      sign: (check, bytes, signal) => {
        signed.push(check);
        return check === "diy"
          ? Promise.reject(new VoucherError("unavailable", "KMS is busy", { retryable: true }))
          : keys.signer.sign(check, bytes, signal);
      },
    };
    const { review, store } = reviewing({ signer, keyRing: keys.keyRing });
    const reviewed = await review(index);
    expect(signed.toSorted()).toEqual(["diy", "diy", "diy", "nobody", "nobody", "nobody"]);
    expect(store.contents.every((line) => line.startsWith("nobody"))).toBe(true);
    expect(judgementOf(reviewed, "diy").unstored).toMatchObject({ retryable: true });
  });
});
