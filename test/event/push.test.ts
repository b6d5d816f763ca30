import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePush } from "../../lib/event/push.ts";

const HEX = "ab".repeat(32);
const DIGEST = `us-docker.pkg.dev/p/repo/app@sha256:${HEX}`;
const TAG = "us-docker.pkg.dev/p/repo/app:v1";

const read = (event: unknown) =>
  parsePush(Buffer.from(typeof event === "string" ? event : JSON.stringify(event)));
const malformed = expect.objectContaining({ name: "VoucherError", code: "malformed", retryable: false });
const image = { registry: "us-docker.pkg.dev", repository: "p/repo/app", digest: `sha256:${HEX}` };

describe("a push event of the registry", () => {
  it("names an image by its digest", () => {
    expect(read({ action: "INSERT", digest: DIGEST })).toEqual({ kind: "push", image });
  });

  it("names the tag beside it, where one was set", () => {
    expect(read({ action: "INSERT", digest: DIGEST, tag: TAG })).toEqual({ kind: "push", image, tag: "v1" });
  });

  it("is read from a regional host and a domain-scoped project too (Voucher rejected us.gcr.io)", () => {
    for (const host of ["us.gcr.io/p/app", "gcr.io/example.com/p/app", "localhost:5000/app"]) {
      expect(read({ action: "INSERT", digest: `${host}@sha256:${HEX}` })).toMatchObject({ kind: "push" });
    }
  });

  it("never resolves by the tag: the image that is reviewed names its digest alone", () => {
    const event = read({ action: "INSERT", digest: `${TAG}@sha256:${HEX}`, tag: TAG });
    expect(event.kind === "push" && event.image).toEqual(image);
  });

  it("may have members that nobody knows", () => {
    expect(read({ action: "INSERT", digest: DIGEST, more: { a: 1 } })).toMatchObject({ kind: "push" });
  });
});

describe("an event that needs no review is ignored, with its reason", () => {
  it.each<[string, object, RegExp]>([
    ["untagged", { action: "DELETE", tag: TAG }, /deleted or untagged/],
    ["deleted", { action: "DELETE", digest: DIGEST }, /deleted or untagged/],
    ["both", { action: "DELETE", digest: DIGEST, tag: TAG }, /deleted or untagged/],
    ["a tag without a digest", { action: "INSERT", tag: TAG }, /its digest has its own event/],
    [
      "cosign's signature",
      { action: "INSERT", digest: DIGEST, tag: `${TAG.slice(0, -2)}sha256-${HEX}.sig` },
      /^not an image: the tag sha256-(?:ab){32}\.sig/,
    ],
    [
      "cosign's attestation",
      { action: "INSERT", digest: DIGEST, tag: `${TAG.slice(0, -2)}sha256-${HEX}.att` },
      /^not an image/,
    ],
    [
      "cosign's SBOM",
      { action: "INSERT", digest: DIGEST, tag: `${TAG.slice(0, -2)}sha256-${HEX}.sbom` },
      /^not an image/,
    ],
    [
      "referrers under their fallback tag",
      { action: "INSERT", digest: DIGEST, tag: `${TAG.slice(0, -2)}sha256-${HEX}` },
      /^not an image/,
    ],
    [
      "referrers of a sha512 digest",
      { action: "INSERT", digest: DIGEST, tag: `${TAG.slice(0, -2)}sha512-${HEX}` },
      /^not an image/,
    ],
  ])("%s", (_, event, reason) => {
    expect(read(event)).toEqual({ kind: "ignored", reason: expect.stringMatching(reason) });
  });
});

describe("a message that is no push event", () => {
  it.each<[string, unknown]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["a list", [{ action: "INSERT", digest: DIGEST }]],
    ["no action", { digest: DIGEST }],
    ["another action", { action: "UPDATE", digest: DIGEST }],
    ["an action in another case", { action: "insert", digest: DIGEST }],
    ["neither digest nor tag", { action: "INSERT" }],
    ["a digest that is a number", { action: "INSERT", digest: 1 }],
    ["an empty digest", { action: "INSERT", digest: "" }],
    ["a digest that is none", { action: "INSERT", digest: "gcr.io/p/app@sha256:abc" }],
    ["a tag for a digest", { action: "INSERT", digest: TAG }],
    ["a digest alone", { action: "INSERT", digest: `sha256:${HEX}` }],
    ["another algorithm", { action: "INSERT", digest: `gcr.io/p/app@sha384:${"a".repeat(96)}` }],
    ["a path that climbs", { action: "INSERT", digest: `gcr.io/p/../../x@sha256:${HEX}` }],
    [
      "a digest and a tag of two repositories",
      { action: "INSERT", digest: DIGEST, tag: "us-docker.pkg.dev/p/repo/other:v1" },
    ],
    ["a digest and a tag of two hosts", { action: "INSERT", digest: DIGEST, tag: TAG.replace("us-", "eu-") }],
    [
      "a digest and a tag that says another digest",
      { action: "INSERT", digest: DIGEST, tag: `${TAG}@sha256:${"cd".repeat(32)}` },
    ],
    ["a tag that is none", { action: "INSERT", digest: DIGEST, tag: "us-docker.pkg.dev/p/repo/app" }],
    ["an empty tag", { action: "INSERT", digest: DIGEST, tag: "" }],
    ["an action given twice", `{"action":"DELETE","action":"INSERT","digest":"${DIGEST}"}`],
    ["a digest given twice", `{"action":"INSERT","digest":"x","digest":"${DIGEST}"}`],
  ])("is malformed: %s", (_, event) => {
    expect(() => read(event)).toThrow(malformed);
  });

  it("says what is wrong with its image", () => {
    expect(() => read({ action: "INSERT", digest: "gcr.io/p/app@sha256:abc" })).toThrow(
      /^the message is no registry push event: can't use "gcr\.io\/p\/app@sha256:abc" as an image: "sha256:abc" is no digest/,
    );
  });

  it("is never told by any other error than ours", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(DIGEST, TAG, "INSERT", "DELETE"));
    const event = fc.record({ action: text, digest: text, tag: text }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(event, fc.jsonValue(), fc.string()), (any) => {
        try {
          expect(["push", "ignored"]).toContain(read(any).kind);
        } catch (fault) {
          expect(fault).toEqual(malformed);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
