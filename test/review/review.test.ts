import { beforeAll, describe, expect, it } from "vitest";
import { type Check, fail, pass, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { review } from "../../lib/review/review.ts";
import {
  artifact,
  at,
  indexOf,
  notFound,
  platformImage,
  REPOSITORY,
  singleImage,
  unavailable,
  unresolved,
} from "../support/fake-images.ts";
import { resolverOf } from "../support/fake-ports.ts";
import { attestationBy } from "../support/memory-store.ts";
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
      fail("linux/s390x: runs as root (the config names no user)"),
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

describe("an index with a child that cannot be read", () => {
  it("makes that platform an error of every check, and the index with it, when the child is gone", async () => {
    const index = indexOf([amd64, unresolved("linux/arm64", notFound())]);
    const { review, store } = reviewing(keys);
    const reviewed = await review(index);
    expect(outcomesOf(reviewed).slice(2)).toEqual([
      "diy linux/arm64 error",
      "nobody linux/arm64 error",
      "diy error",
      "nobody error",
    ]);
    const { outcome } = judgementOf(reviewed, "diy");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "not-found",
      retryable: false,
      message: "linux/arm64: it is gone",
    });
    expect(store.contents.some((line) => line.includes(index.reference.digest))).toBe(false);
    expect(store.contents).toContain(`nobody ${amd64.reference.digest}`);
  });

  it("keeps a passing fault retryable on the index, beside a permanent one", async () => {
    const index = indexOf([unresolved("linux/arm64", notFound()), unresolved("linux/s390x", unavailable())]);
    const { outcome } = judgementOf(await reviewing(keys).review(index), "nobody");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: "linux/arm64: it is gone; linux/s390x: the registry answers 503",
    });
  });

  it("is not attested either where that child was attested once", async () => {
    const gone = unresolved("linux/arm64", notFound());
    const index = indexOf([amd64, gone]);
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "diy", at(REPOSITORY, gone.digest)));
    const reviewed = await review(index);
    expect(judgementOf(reviewed, "diy", "linux/arm64").outcome.status).toBe("error");
    expect(store.find(index.reference, "diy")).toBeUndefined();
  });

  it("names the child by its digest where the index does not say what it runs on", async () => {
    const child = unresolved(undefined, notFound());
    const { outcome } = judgementOf(await reviewing(keys).review(indexOf([amd64, child])), "nobody");
    expect(outcome.status === "error" && outcome.error.message).toBe(`${child.digest}: it is gone`);
  });

  it("keeps the index's own order, unreadable children in place", async () => {
    const index = indexOf([
      unresolved("linux/arm64", notFound()),
      amd64,
      unresolved("linux/s390x", notFound()),
    ]);
    const reviewed = await reviewing(keys).review(index);
    expect(reviewed.platforms.map(({ reference }) => reference.digest)).toEqual(index.order);
  });
});

describe("a host that valid_repos does not name", () => {
  const stranger = singleImage("linux/amd64", { user: "app", repository: "evil.example/project/app" });

  it("is never contacted: every check is an error that says why", async () => {
    const { review, resolver, store } = reviewing(keys);
    const reviewed = await review(stranger, { onlyHostsOf: ["gcr.io/project"] });
    expect(resolver().asked).toEqual([]);
    expect(store.calls).toEqual({ document: 0, list: 0, put: 0 });
    expect(reviewed.outOfScope).toBe("evil.example was not contacted: valid_repos names no repository there");
    expect(outcomesOf(reviewed)).toEqual(["diy error", "nobody error"]);
  });

  it("is contacted where valid_repos is not set", async () => {
    const { review, resolver } = reviewing(keys);
    await review(stranger);
    expect(resolver().asked).toEqual([formatReference(stranger.reference)]);
  });

  it("is contacted for any repository of a host that is named, and then fails diy", async () => {
    const neighbour = singleImage("linux/amd64", { user: "app", repository: "gcr.io/project-evil/app" });
    const reviewed = await reviewing(keys).review(neighbour, { onlyHostsOf: ["gcr.io/project"] });
    expect(outcomesOf(reviewed)).toContain("diy fail");
  });
});

describe("an artifact", () => {
  it("fails every check as no image, and asks nothing of the store", async () => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(artifact("application/vnd.cncf.helm.config.v1+json"));
    expect(outcomesOf(reviewed)).toEqual(["diy fail", "nobody fail"]);
    expect(reviewed).toMatchObject({
      kind: "artifact",
      outOfScope: "not an image (application/vnd.cncf.helm.config.v1+json)",
    });
    expect(store.calls).toEqual({ document: 0, list: 0, put: 0 });
  });
});

describe("a dry run", () => {
  it("runs every check, and neither asks the store nor publishes", async () => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(ofFour, {}, { dryRun: true });
    expect(outcomesOf(reviewed)).toContain("nobody linux/amd64 pass");
    expect(reviewed.dryRun).toBe(true);
    expect(store.calls).toEqual({ document: 0, list: 0, put: 0 });
  });
});

describe("a check that throws", () => {
  const thrower = (name: string, fault: unknown): Check => ({
    name,
    description: "Nobody knows.",
    judge: () => Promise.reject(fault),
  });

  it("is an error of its own, and the other checks go on", async () => {
    const { review, store } = reviewing(keys);
    const image = singleImage("linux/amd64", { user: "app" });
    const reviewed = await review(image, {
      checks: [thrower("diy", new TypeError("x is not a function")), ...CHECKS.slice(1)],
    });
    const { outcome } = judgementOf(reviewed, "diy");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "internal",
      message: "x is not a function",
    });
    expect(store.contents).toEqual([`nobody ${image.reference.digest}`]);
  });

  it("keeps a VoucherError as it is, so that a fault that passes stays one", async () => {
    const fault = new VoucherError("unavailable", "try later", { retryable: true });
    const reviewed = await reviewing(keys).review(ofFour, { checks: [thrower("diy", fault)] });
    const { outcome } = judgementOf(reviewed, "diy", "linux/amd64");
    expect(outcome.status === "error" && outcome.error).toBe(fault);
  });

  it("may throw before it returns a promise", async () => {
    const check: Check = {
      name: "diy",
      description: "",
      judge() {
        throw new Error("at once");
      },
    };
    expect(outcomesOf(await reviewing(keys).review(ofFour, { checks: [check] }))).toContain("diy error");
  });
});

describe("a check whose evidence is not there yet", () => {
  it("is pending, on the index too, and attests nothing", async () => {
    const waiting: Check = { name: "diy", description: "", judge: async () => pending("a scan") };
    const { review, store } = reviewing(keys);
    const reviewed = await review(indexOf([amd64]), { checks: [waiting] });
    expect(judgementOf(reviewed, "diy").outcome).toEqual(pending("linux/amd64: a scan"));
    expect(store.all).toEqual([]);
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
    const ports = { resolver: resolverOf([], unavailable()), evidence: reviewing(keys).evidence };
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
      { resolver: resolverOf([image]), evidence: { of: () => [] } },
      new AbortController().signal,
    );
    expect(outcomesOf(reviewed)).toContain("nobody error");
  });
});
