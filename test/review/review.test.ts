import { beforeAll, describe, expect, it } from "vitest";
import { fail, pass } from "../../lib/check/contract.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { review } from "../../lib/review/review.ts";
import { at, indexOf, platformImage, REPOSITORY, singleImage, unavailable } from "../support/fake-images.ts";
import { recordingObserver, resolverOf } from "../support/fake-ports.ts";
import { CHECKS, judgementOf, outcomesOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const amd64 = platformImage("linux/amd64", { user: "10001" });
const arm64 = platformImage("linux/arm64", { user: "10001" });
const armv7 = platformImage("linux/arm/v7", { user: "10001" });
const s390xAsRoot = platformImage("linux/s390x");
const ofFour = indexOf([amd64, arm64, armv7, s390xAsRoot]);

describe("an index of four platforms of which one runs as root", () => {
  it("passes nobody on the other three, and on each diy", async () => {
    const reviewed = await reviewing(keys).review(ofFour);
    expect(outcomesOf(reviewed)).toEqual([
      "diy linux/amd64 pass",
      "nobody linux/amd64 pass",
      "diy linux/arm64 pass",
      "nobody linux/arm64 pass",
      "diy linux/arm/v7 pass",
      "nobody linux/arm/v7 pass",
      "diy linux/s390x pass",
      "nobody linux/s390x fail",
      "diy pass",
      "nobody fail",
    ]);
  });

  it("attests each platform on its own digest, and the index for diy alone", async () => {
    const { review, store } = reviewing(keys);
    await review(ofFour);
    const children = [amd64, arm64, armv7].map(({ reference }) => reference.digest);
    expect(store.contents).toEqual(
      [
        ...children.map((digest) => `nobody ${digest}`),
        ...children.map((digest) => `diy ${digest}`),
        `diy ${s390xAsRoot.reference.digest}`,
        `diy ${ofFour.reference.digest}`,
      ].sort(),
    );
  });

  it("says of the index which platform failed, and no other", async () => {
    const reviewed = await reviewing(keys).review(ofFour);
    expect(judgementOf(reviewed, "nobody").outcome).toEqual(
      fail("linux/s390x: runs as root (the config names no user); name another with USER in its Dockerfile"),
    );
  });

  it("is asked of the store, and stored there, in one call each", async () => {
    const { review, store } = reviewing(keys);
    await review(ofFour);
    expect(store.calls).toMatchObject({ list: 1, put: 1 });
  });

  it("changes nothing more when reviewed again, and runs no check that is attested", async () => {
    const { review, store, evidence } = reviewing(keys);
    await review(ofFour);
    const before = store.all;
    const readBefore = evidence.read.length;
    const again = await review(ofFour);
    expect(store.all).toEqual(before);
    expect(store.calls.put).toBe(1);
    expect(evidence.read.slice(readBefore)).toEqual([s390xAsRoot.reference.digest]);
    expect(outcomesOf(again)).toContain("nobody linux/amd64 pass");
    expect(outcomesOf(again)).toContain("nobody fail");
  });

  it("ends the same when its children's own events came first", async () => {
    const { review, store } = reviewing(keys);
    for (const image of [amd64, s390xAsRoot]) {
      await review({ kind: "image", reference: image.reference, mediaType: image.mediaType, image });
    }
    await review(ofFour);
    const other = reviewing(keys);
    await other.review(ofFour);
    expect(store.contents).toEqual(other.store.contents);
  });

  it("ends with one attestation a digest and check when two reviews run at once", async () => {
    const { review, store } = reviewing(keys);
    const both = await Promise.all([review(ofFour), review(ofFour)]);
    expect(store.contents).toHaveLength(8);
    for (const reviewed of both) {
      expect(judgementOf(reviewed, "diy")).toMatchObject({ outcome: pass, attestation: expect.anything() });
      expect(judgementOf(reviewed, "diy").unstored).toBeUndefined();
    }
  });
});

describe("a single image", () => {
  it("is attested once on its own digest, and its platform's judgements are its own", async () => {
    const image = singleImage("linux/arm64", { user: "app" });
    const { review, store } = reviewing(keys);
    const reviewed = await review(image);
    expect(reviewed.judgements).toEqual(reviewed.platforms[0]?.judgements);
    expect(reviewed.judgements.every(({ attestation }) => attestation !== undefined)).toBe(true);
    expect(store.contents).toEqual([`diy ${image.reference.digest}`, `nobody ${image.reference.digest}`]);
  });
});

describe("a dry run", () => {
  it("runs every check, and neither asks the store nor publishes", async () => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(ofFour, {}, { dryRun: true });
    expect(outcomesOf(reviewed)).toContain("nobody linux/amd64 pass");
    expect(reviewed.dryRun).toBe(true);
    expect(store.calls).toEqual({ list: 0, put: 0 });
  });
});

describe("a review", () => {
  it("refuses an empty set of checks, which would approve everything", async () => {
    const { review, verify } = reviewing(keys);
    await expect(review(ofFour, { checks: [] })).rejects.toMatchObject({ code: "usage" });
    await expect(review(ofFour, { checks: [] }, { dryRun: true })).rejects.toMatchObject({ code: "usage" });
    await expect(verify(ofFour, { checks: [] })).rejects.toMatchObject({ code: "usage" });
  });

  it("throws what resolving the image itself throws", async () => {
    const ports = { ...reviewing(keys), resolver: resolverOf([], unavailable()) };
    const request = {
      image: at(REPOSITORY, digestOf(Buffer.from("nothing"))),
      checks: CHECKS,
      platforms: { select: "all", index: "all" },
      existing: "run",
    } as const;
    await expect(review(request, ports, new AbortController().signal)).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  it("never passes a platform for which no evidence was gathered", async () => {
    const image = singleImage("linux/amd64", { user: "app" });
    const reviewed = await review(
      {
        image: image.reference,
        checks: CHECKS,
        platforms: { select: "all", index: "all" },
        existing: "run",
      },
      { resolver: resolverOf([image]), evidence: { of: () => [] }, observer: recordingObserver() },
      new AbortController().signal,
    );
    expect(outcomesOf(reviewed)).toContain("nobody error");
  });
});
