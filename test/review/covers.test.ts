import { beforeAll, describe, expect, it } from "vitest";
import { type Check, fail, pass, pending } from "../../lib/check/contract.ts";
import { snakeoil } from "../../lib/check/snakeoil.ts";
import { settle } from "../../lib/delivery/settle.ts";
import { parsePlatform, samePlatform } from "../../lib/image/platform.ts";
import { toVerdict } from "../../lib/review/verdict.ts";
import { indexOf, notFound, platformImage, singleImage, unresolved } from "../support/fake-images.ts";
import { CHECKS, judgementOf, outcomesOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody", "snakeoil"]);
});

const amd64 = platformImage("linux/amd64", { user: "app" });
const arm64 = platformImage("linux/arm64", { user: "app" });
const s390x = platformImage("linux/s390x", { user: "app" });
const index = indexOf([s390x, amd64, arm64]);

const scanning = (platforms: readonly string[], judge: Check["judge"] = async () => pass): Check => ({
  name: "snakeoil",
  description: "",
  covers: (platform) => platforms.some((one) => samePlatform(parsePlatform(one), platform)),
  judge,
});
const ofAmd64AndArm64 = [...CHECKS, scanning(["linux/amd64", "linux/arm64"])];
const S390X_ALONE =
  "snakeoil covers no platform of this image (linux/s390x), so it cannot vouch for it; its settings name those that it covers";

describe("an index with a platform that snakeoil.platforms leaves out", () => {
  it("has no result of snakeoil for it, and passes by the others", async () => {
    expect(outcomesOf(await reviewing(keys).review(index, { checks: ofAmd64AndArm64 }))).toEqual([
      "diy linux/s390x pass",
      "nobody linux/s390x pass",
      "diy linux/amd64 pass",
      "nobody linux/amd64 pass",
      "snakeoil linux/amd64 pass",
      "diy linux/arm64 pass",
      "nobody linux/arm64 pass",
      "snakeoil linux/arm64 pass",
      "diy pass",
      "nobody pass",
      "snakeoil pass",
    ]);
  });

  it("is attested, and that platform is not", async () => {
    const { review, store } = reviewing(keys);
    await review(index, { checks: ofAmd64AndArm64 });
    expect(store.find(index.reference, "snakeoil")).toBeDefined();
    expect(store.find(arm64.reference, "snakeoil")).toBeDefined();
    expect(store.find(s390x.reference, "snakeoil")).toBeUndefined();
    expect(store.find(s390x.reference, "nobody")).toBeDefined();
  });

  it("lists it as unscanned in the verdict, which succeeds", async () => {
    const verdict = toVerdict(await reviewing(keys).review(index, { checks: ofAmd64AndArm64 }));
    expect(verdict).toMatchObject({ success: true, attested: true, unscanned: ["linux/s390x"] });
    expect(verdict.platforms.map(({ platform }) => platform)).toEqual([
      "linux/s390x",
      "linux/amd64",
      "linux/arm64",
    ]);
    expect(verdict.platforms[0]?.results.map(({ name }) => name)).toEqual(["diy", "nobody"]);
  });

  it("is still held back by a platform that is covered", async () => {
    for (const outcome of [fail("CVE-2026-1"), pending("scan", "a scan")]) {
      const checks = [scanning(["linux/amd64"], async () => outcome)];
      const reviewed = await reviewing(keys).review(index, { checks });
      expect(judgementOf(reviewed, "snakeoil").outcome.status).toBe(outcome.status);
    }
  });

  it("does not judge it, nor ask for its evidence", async () => {
    const judged: string[] = [];
    const check = scanning(["linux/amd64"], async ({ image }) => {
      judged.push(image.reference.digest);
      return pass;
    });
    await reviewing(keys).review(index, { checks: [check] });
    expect(judged).toEqual([amd64.reference.digest]);
  });

  it("sums up without it where the index is owed nothing", async () => {
    const platforms = { select: "all", index: "never" } as const;
    const verdict = toVerdict(await reviewing(keys).review(index, { checks: ofAmd64AndArm64, platforms }));
    expect(verdict).toMatchObject({ success: true, attested: true, unscanned: ["linux/s390x"] });
  });

  it("calls no success what nothing was asked of, in a dry run neither", async () => {
    for (const dryRun of [true, false]) {
      const reviewed = await reviewing(keys).review(
        index,
        { checks: [scanning(["linux/amd64"])] },
        { dryRun },
      );
      const [first] = toVerdict(reviewed).platforms;
      expect(first).toMatchObject({ platform: "linux/s390x", success: false, attested: false, results: [] });
    }
  });
});

describe("an index that snakeoil covers whole", () => {
  it("has a verdict without `unscanned`", async () => {
    const checks = [scanning(["linux/amd64", "linux/arm64", "linux/s390x"])];
    expect(toVerdict(await reviewing(keys).review(index, { checks }))).not.toHaveProperty("unscanned");
  });
});

describe("an image of which snakeoil covers no platform", () => {
  const checks = [...CHECKS, scanning(["linux/amd64"])];

  it.each([
    ["an index", indexOf([s390x])],
    ["a single image", singleImage("linux/s390x", { user: "app" })],
  ])("is an error of that check, and attests nothing of it: %s", async (_, image) => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(image, { checks });
    const { outcome } = judgementOf(reviewed, "snakeoil");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "no-evidence",
      retryable: false,
      message: S390X_ALONE,
    });
    expect(store.contents.filter((line) => line.startsWith("snakeoil"))).toEqual([]);
    expect(toVerdict(reviewed)).toMatchObject({ success: false, unscanned: ["linux/s390x"] });
    expect(reviewed.judgements.map(({ checkName }) => checkName)).toEqual(["diy", "nobody", "snakeoil"]);
  });

  it("has its event settled as decided, with a warning: no delivery can help", async () => {
    const review = await reviewing(keys).review(singleImage("linux/s390x", { user: "app" }), { checks });
    expect(settle({ kind: "reviewed", review })).toMatchObject({
      status: 204,
      outcome: "decided",
      severity: "WARNING",
      reason: S390X_ALONE,
    });
  });

  it("is attested for the other checks all the same", async () => {
    const { review, store } = reviewing(keys);
    const image = singleImage("linux/s390x", { user: "app" });
    await review(image, { checks });
    expect(store.contents).toEqual([`diy ${image.reference.digest}`, `nobody ${image.reference.digest}`]);
  });
});

describe("what an image is covered by", () => {
  const covered = scanning(["linux/amd64"], async () => fail("CVE-2026-1"));

  it("is anything that names a covered platform: a descriptor hides nothing that its config says", async () => {
    const hidden = platformImage("linux/s390x", { otherPlatforms: [parsePlatform("linux/amd64")] });
    const reviewed = await reviewing(keys).review(indexOf([hidden]), { checks: [covered] });
    expect(judgementOf(reviewed, "snakeoil", "linux/s390x").outcome).toEqual(fail("CVE-2026-1"));
  });

  it("includes a child that could not be read: nobody knows what it is", async () => {
    const gone = unresolved("linux/s390x", notFound());
    const { review, verify } = reviewing(keys);
    const withGone = indexOf([amd64, gone]);
    const checks = [scanning(["linux/amd64"])];
    expect(judgementOf(await review(withGone, { checks }), "snakeoil").outcome.status).toBe("error");
    expect(outcomesOf(await verify(withGone, { checks }))).toContain("snakeoil linux/s390x fail");
  });

  it("is every platform for a check that does not say", async () => {
    const reviewed = await reviewing(keys).review(index);
    expect(reviewed.platforms.flatMap(({ uncovered = [] }) => uncovered)).toEqual([]);
  });

  it("is told by snakeoil itself, as configured", async () => {
    const check = snakeoil({
      failOn: "high",
      onlyFixable: false,
      platforms: [parsePlatform("linux/amd64")],
      allow: [],
    });
    const verdict = toVerdict(await reviewing(keys).review(index, { checks: [check] }));
    expect(verdict).toMatchObject({ success: true, unscanned: ["linux/s390x", "linux/arm64"] });
  });
});

describe("verifying an index with a platform that snakeoil.platforms leaves out", () => {
  it("does not ask for that platform's attestation", async () => {
    const { review, verify } = reviewing(keys);
    await review(index, { checks: ofAmd64AndArm64 });
    const verdict = toVerdict(await verify(index, { checks: ofAmd64AndArm64 }));
    expect(verdict).toMatchObject({ success: true, attested: true, unscanned: ["linux/s390x"] });
    expect(verdict.platforms[0]?.results.map(({ name }) => name)).toEqual(["diy", "nobody"]);
  });

  it("still asks for the others'", async () => {
    const { verify } = reviewing(keys);
    const verified = await verify(index, { checks: [scanning(["linux/amd64"])] });
    expect(outcomesOf(verified)).toEqual(["snakeoil linux/amd64 fail", "snakeoil fail"]);
  });

  it.each([
    ["an index", indexOf([s390x])],
    ["a single image", singleImage("linux/s390x", { user: "app" })],
  ])("is an error where it covers none: %s", async (_, image) => {
    const verified = await reviewing(keys).verify(image, { checks: [scanning(["linux/amd64"])] });
    const { outcome } = judgementOf(verified, "snakeoil");
    expect(outcome.status === "error" && outcome.error.code).toBe("no-evidence");
  });
});
