import { beforeAll, describe, expect, it } from "vitest";
import type { StoredAttestation } from "../../lib/attest/attestation.ts";
import { binauthz, binauthzPayload } from "../../lib/attest/payload.ts";
import { pass } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { KeyRing } from "../../lib/ports.ts";
import { findExisting } from "../../lib/review/existing.ts";
import { at, indexOf, platformImage, REPOSITORY, singleImage } from "../support/fake-images.ts";
import { attestationBy, MemoryStore } from "../support/memory-store.ts";
import { judgementOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
let strangers: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
  strangers = await makeKeys(["diy", "nobody"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const subject = image.reference;
const other = singleImage("linux/s390x", { user: "app" }).reference;
const signal = new AbortController().signal;

type Planted = Omit<StoredAttestation, "id">;

/** What a lookup says of `planted` for nobody on the image. */
async function lookUp(planted: Planted) {
  const store = new MemoryStore();
  store.plant(planted);
  const existing = await findExisting([subject], ["diy", "nobody"], { store, keyRing: keys.keyRing }, signal);
  return existing(subject, "nobody");
}

const byNobody = () => attestationBy(keys.signer, "nobody", subject);

describe("an attestation counts", () => {
  it("when its payload names the image and its signature is one of the check's own key", async () => {
    const planted = await byNobody();
    expect((await lookUp(planted)).counting).toMatchObject({
      payload: planted.payload,
      signature: planted.signatures[0],
    });
  });

  it("when a signature that counts stands behind others that do not", async () => {
    const planted = await byNobody();
    const [good] = planted.signatures;
    const foreign = (await attestationBy(strangers.signer, "nobody", subject)).signatures;
    const found = await lookUp({ ...planted, signatures: [...foreign, ...planted.signatures] });
    expect(found.counting?.signature).toEqual(good);
  });

  it("when gcloud laid out its payload: indented, sorted, with a final newline", async () => {
    const document: unknown = JSON.parse(Buffer.from(binauthzPayload(subject)).toString());
    const payload = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
    const planted = await attestationBy(keys.signer, "nobody", subject, { payload });
    expect((await lookUp(planted)).counting?.payload).toEqual(payload);
  });
});

describe("an attestation does not count", () => {
  it.each<[string, () => Promise<Planted>, string | RegExp]>([
    [
      "copied from under diy's note, though payload and signature are genuine",
      () => attestationBy(keys.signer, "nobody", subject, { signedAs: "diy" }),
      "it was made with the key of the check diy",
    ],
    [
      "made with a key that nobody trusts",
      () => attestationBy(strangers.signer, "nobody", subject),
      /^it was made with an unknown key \(ni:\/\/\/sha-256;/,
    ],
    [
      "forged: a foreign signature under our key's name",
      async () => {
        const [genuine] = (await byNobody()).signatures;
        const forged = await attestationBy(strangers.signer, "nobody", subject);
        return {
          ...forged,
          signatures: forged.signatures.map((one) => ({ ...one, keyId: genuine?.keyId ?? "" })),
        };
      },
      /^its signature does not verify under the key ni:/,
    ],
    [
      "of another digest",
      () => attestationBy(keys.signer, "nobody", subject, { payload: binauthzPayload(other) }),
      "its payload names another digest",
    ],
    [
      "of the same digest in another repository",
      () =>
        attestationBy(keys.signer, "nobody", subject, {
          payload: binauthzPayload(at(`${REPOSITORY}-evil`, subject.digest)),
        }),
      "its payload names another repository",
    ],
    [
      "of another type of payload",
      () =>
        attestationBy(keys.signer, "nobody", subject, {
          payload: Buffer.from(
            Buffer.from(binauthzPayload(subject)).toString().replace("Google cloud binauthz", "atomic"),
          ),
        }),
      "its payload is of another type",
    ],
    [
      "whose payload is no document at all",
      async () => ({ ...(await byNobody()), payload: Buffer.from("approved") }),
      "its payload is unreadable",
    ],
    [
      "without a payload",
      async () => ({ ...(await byNobody()), payload: Buffer.of() }),
      "its payload is unreadable",
    ],
    [
      "whose payload was changed after it was signed",
      async () => ({
        ...(await byNobody()),
        payload: Buffer.from(`${Buffer.from(binauthzPayload(subject)).toString()}\n`),
      }),
      /^its signature does not verify under the key ni:/,
    ],
    [
      "without any signature",
      async () => ({ ...(await byNobody()), signatures: [] }),
      "it carries no signature",
    ],
    [
      "whose signature names no key",
      async () => {
        const planted = await byNobody();
        return { ...planted, signatures: planted.signatures.map((one) => ({ ...one, keyId: "" })) };
      },
      /unknown key \(none named\)$/,
    ],
  ])("%s", async (_, plant, reason) => {
    const found = await lookUp(await plant());
    expect(found.counting).toBeUndefined();
    expect(found.rejected).toEqual([expect.stringMatching(reason)]);
  });

  it("for each reason that its signatures give, once", async () => {
    const [byDiy] = (await attestationBy(keys.signer, "nobody", subject, { signedAs: "diy" })).signatures;
    const [foreign] = (await attestationBy(strangers.signer, "nobody", subject)).signatures;
    const planted = await byNobody();
    const signatures = [byDiy, foreign, foreign].flatMap((one) => (one === undefined ? [] : [one]));
    expect((await lookUp({ ...planted, signatures })).rejected).toEqual([
      `it was made with the key of the check diy, it was made with an unknown key (${strangers.pair("nobody").keyId})`,
    ]);
  });

  it("and a review judges and replaces it, as if nothing were there", async () => {
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "nobody", subject, { signedAs: "diy" }));
    const reviewed = await review(image);
    expect(judgementOf(reviewed, "nobody").attestation?.signature.keyId).toBe(keys.pair("nobody").keyId);
    expect(store.find(subject, "nobody")?.signatures.map(({ keyId }) => keyId)).toEqual([
      keys.pair("nobody").keyId,
    ]);
  });
});

describe("what a store says of other images", () => {
  it("is not taken for this one's", async () => {
    const genuine = { ...(await attestationBy(keys.signer, "nobody", other)), id: "occurrences/1" };
    const ports = { store: { list: async () => [genuine], format: binauthz }, keyRing: keys.keyRing };
    const existing = await findExisting([subject], ["nobody"], ports, signal);
    expect(existing(subject, "nobody")).toEqual({ rejected: [] });
  });
});

describe("a check whose attestation counts", () => {
  const index = indexOf([platformImage("linux/amd64", { user: "app" })]);

  it("is not run again on events", async () => {
    const { review, store, evidence } = reviewing(keys);
    await review(index);
    const read = evidence.read.length;
    await review(index, { existing: "reuse" });
    expect(evidence.read).toHaveLength(read);
    expect(store.calls.put).toBe(1);
  });

  it("is run again where someone asks for it, and signed only where something is missing", async () => {
    const { review, store, evidence } = reviewing(keys);
    await review(index);
    const read = evidence.read.length;
    await review(index, { existing: "run" });
    expect(evidence.read.length).toBeGreaterThan(read);
    expect(store.calls.put).toBe(1);
  });

  it("is run and signed anew when forced, in the place of what exists", async () => {
    const { review, store } = reviewing(keys);
    await review(index);
    const before = store.all;
    const reviewed = await review(index, { existing: "force" });
    expect(store.calls.put).toBe(2);
    expect(store.all.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(store.all.map(({ signatures }) => signatures)).not.toEqual(
      before.map(({ signatures }) => signatures),
    );
    expect(store.all.every(({ signatures }) => signatures.length === 1)).toBe(true);
    expect(judgementOf(reviewed, "nobody")).toMatchObject({ outcome: pass, attestation: expect.anything() });
  });

  it("may fail now, and then says so, with what still admits it", async () => {
    const rooted = singleImage("linux/amd64");
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "nobody", rooted.reference));
    const judgement = judgementOf(await review(rooted, { existing: "run" }), "nobody");
    expect(judgement.outcome.status).toBe("fail");
    expect(judgement.attestation).toBeDefined();
  });
});

describe("an attestation whose key cannot be asked for just now", () => {
  const down = new VoucherError("unavailable", "Cloud KMS answers 503", { retryable: true });
  /** The keys of diy are to be had, those of nobody are not. */
  const halfDown = (): KeyRing => ({
    async verify(checkName, ...rest) {
      if (checkName === "nobody") throw down;
      return keys.keyRing.verify(checkName, ...rest);
    },
  });

  it("hinders its own check alone", async () => {
    const reviewer = reviewing({ signer: keys.signer, keyRing: keys.keyRing });
    await reviewer.review(image);
    const { store } = reviewer;
    const existing = await findExisting([subject], ["diy", "nobody"], { store, keyRing: halfDown() }, signal);
    expect(existing(subject, "diy").counting).toBeDefined();
    expect(existing(subject, "nobody")).toMatchObject({ undecided: down });
  });

  it("is an error to verify, and not a missing attestation", async () => {
    const reviewer = reviewing({ signer: keys.signer, keyRing: halfDown() });
    reviewer.store.plant(await byNobody());
    expect(judgementOf(await reviewer.verify(image), "nobody").outcome).toEqual({
      status: "error",
      error: down,
    });
  });

  it("is not replaced: it may count, so the event comes back", async () => {
    const reviewer = reviewing({ signer: keys.signer, keyRing: halfDown() });
    reviewer.store.plant(await byNobody());
    const reviewed = judgementOf(await reviewer.review(image), "nobody");
    expect(reviewed).toMatchObject({ outcome: pass, unstored: down });
    expect(await reviewer.store.list([subject], ["nobody"], signal)).toHaveLength(1);
  });
});
