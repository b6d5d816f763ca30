import { describe, expect, it } from "vitest";
import { type ScanContext, scanOf } from "../../lib/evidence/scan.ts";
import type { Discovery } from "../../lib/grafeas/discovery.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { PlatformImage } from "../../lib/image/resolved.ts";
import { platformImage } from "../support/fake-images.ts";

const amd64 = platformImage("linux/amd64");
const arm64 = platformImage("linux/arm64");
const since = new Date("2026-11-25T11:00:00Z");
const GOOGLE: ScanContext = { projects: ["project"], scansAmd64Only: true };
const OPEN_SOURCE: ScanContext = { projects: ["project"], scansAmd64Only: false };

/** A discovery of `image`, of the vulnerability scanner unless `note` says otherwise. */
const discovery = (fact: Partial<Discovery>, note = "projects/scanner/notes/scan") => ({
  subject: amd64.reference,
  note,
  fact: { state: "finished" as const, stale: false, errors: [], ...fact },
});
const at = (time: string) => ({ updatedAt: new Date(time) });

function faultOf(discoveries: Parameters<typeof scanOf>[1], image = amd64, context = GOOGLE) {
  try {
    return { answer: scanOf(image, discoveries, context) };
  } catch (fault) {
    return fault;
  }
}

describe("a scan", () => {
  it("is over where it finished", () => {
    expect(scanOf(amd64, [discovery({})], GOOGLE)).toEqual({ found: true });
  });

  it("is awaited while it runs, and since when is said", () => {
    expect(scanOf(amd64, [discovery({ state: "scanning", since })], GOOGLE)).toEqual({
      awaiting: "scan",
      reason: expect.stringMatching(
        /^the vulnerability scan of gcr\.io\/project\/app@sha256:\w+ is running$/,
      ),
      since,
    });
  });

  it("is awaited until it begins", () => {
    expect(scanOf(amd64, [discovery({ state: "pending", since })], GOOGLE)).toMatchObject({
      awaiting: "scan",
      reason: expect.stringMatching(/has not begun$/),
      since,
    });
  });

  it("is a permanent error at once where it failed, in the scanner's own words", () => {
    const errors = ["layer 3:\n\u001b[31mcorrupt", ""];
    expect(faultOf([discovery({ state: "failed", errors })])).toMatchObject({
      code: "unsupported",
      retryable: false,
      message: expect.stringMatching(/scan of .* failed \(layer 3: \[31mcorrupt\); push the image again/),
    });
  });

  it("is a permanent error where it is stale, and says how it is refreshed", () => {
    expect(faultOf([discovery({ stale: true })])).toMatchObject({
      code: "unsupported",
      retryable: false,
      message: expect.stringMatching(/is stale: .* 30 days .*; pull it, .* within 24 hours/),
    });
  });

  it("is a permanent error where the image is no longer watched and its scan never came to an end", () => {
    expect(faultOf([discovery({ state: "pending", stale: true })])).toMatchObject({ code: "unsupported" });
  });

  it.each([
    ["watched", false],
    ["no longer watched", true],
  ])("decides that there is no evidence for an unsupported image that is %s", (_how, stale) => {
    const errors = ["no package manager"];
    expect(faultOf([discovery({ state: "unsupported", stale, errors })])).toMatchObject({
      code: "no-evidence",
      retryable: false,
      message: expect.stringMatching(/cannot be scanned .* \(no package manager\); .* snakeoil\.platforms$/),
    });
  });
});

describe("an image that no scan has begun for", () => {
  const unscanned = (image: PlatformImage, context: ScanContext) => faultOf([], image, context);

  it("awaits one where its platform is scanned", () => {
    expect(unscanned(amd64, GOOGLE)).toEqual({
      answer: {
        awaiting: "scan",
        reason: expect.stringMatching(/^there is no vulnerability scan of .* in project project yet/),
      },
    });
  });

  it("never gets one on Google's hosts where its platform is not, and the message names the setting", () => {
    expect(unscanned(arm64, GOOGLE)).toMatchObject({
      code: "no-evidence",
      retryable: false,
      message: expect.stringMatching(
        /Artifact Analysis does not scan linux\/arm64, so gcr\.io\/project\/app@sha256:\w+ .*snakeoil\.platforms/,
      ),
    });
  });

  it.each(["linux/arm/v7", "windows/amd64", "linux/386"])("never gets one either for %s", (platform) => {
    expect(unscanned(platformImage(platform), GOOGLE)).toMatchObject({ code: "no-evidence" });
  });

  it.each([
    ["a variant of linux/amd64", platformImage("linux/amd64/v3"), GOOGLE],
    [
      "an image whose config says linux/amd64, whatever its index says",
      platformImage("linux/arm64", { otherPlatforms: [parsePlatform("linux/amd64")] }),
      GOOGLE,
    ],
    ["an image of another host", platformImage("linux/arm64", { repository: "ghcr.io/acme/app" }), GOOGLE],
    ["an image that Google does not scan", arm64, OPEN_SOURCE],
  ])("awaits one all the same: %s", (_what, image, context) => {
    expect(unscanned(image, context)).toMatchObject({ answer: { awaiting: "scan" } });
  });

  it("counts what was scanned whatever its platform", () => {
    expect(scanOf(arm64, [discovery({})], GOOGLE)).toEqual({ found: true });
  });
});

describe("several discoveries", () => {
  it("of one scanner: the latest counts", () => {
    const older = discovery({ state: "failed", ...at("2026-11-24T00:00:00Z") });
    const newer = discovery({ ...at("2026-11-25T00:00:00Z") });
    expect(scanOf(amd64, [older, newer], GOOGLE)).toEqual({ found: true });
    expect(faultOf([discovery({ ...at("2026-11-23T00:00:00Z") }), older])).toMatchObject({
      code: "unsupported",
    });
  });

  it.each([
    ["is still at work", { state: "scanning" as const }, { answer: { awaiting: "scan" } }],
    ["failed", { state: "failed" as const }, { code: "unsupported" }],
    ["no longer watches the image", { stale: true }, { code: "unsupported" }],
    ["does not support the image", { state: "unsupported" as const }, { answer: { found: true } }],
  ])("of two scanners, one of which is done and one %s", (_how, fact, expected) => {
    const one = discovery({});
    const other = discovery(fact, "projects/scanner/notes/other");
    for (const both of [
      [one, other],
      [other, one],
    ])
      expect(faultOf(both, amd64, OPEN_SOURCE)).toMatchObject(expected);
  });

  it("of which none supports the image: there is no evidence", () => {
    const both = [
      discovery({ state: "unsupported" }),
      discovery({ state: "unsupported" }, "projects/s/notes/o"),
    ];
    expect(faultOf(both)).toMatchObject({ code: "no-evidence" });
  });
});
