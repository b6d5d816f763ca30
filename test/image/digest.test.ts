import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { algorithmOf, digestOf, hexOf, isDigest, names, parseDigest } from "../../lib/image/digest.ts";

const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const algorithms = fc.constantFrom("sha256" as const, "sha512" as const);

describe("a digest", () => {
  it("of nothing is the well-known one", () => {
    expect(digestOf(new Uint8Array())).toBe(EMPTY);
  });

  it("reads back as what it was, in both algorithms", () => {
    fc.assert(
      fc.property(fc.uint8Array(), algorithms, (bytes, algorithm) => {
        const digest = digestOf(bytes, algorithm);
        expect(parseDigest(digest)).toBe(digest);
        expect(algorithmOf(digest)).toBe(algorithm);
        expect(`${algorithm}:${hexOf(digest)}`).toBe(digest);
      }),
    );
  });

  it("names exactly the bytes it was made of", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), algorithms, (bytes, others, algorithm) => {
        fc.pre(Buffer.compare(bytes, others) !== 0);
        const digest = digestOf(bytes, algorithm);
        expect(names(digest, bytes)).toBe(true);
        expect(names(digest, others)).toBe(false);
      }),
    );
  });
});

describe("what is no digest", () => {
  it.each([
    ["nothing", ""],
    ["no algorithm", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["a digit too few", EMPTY.slice(0, -1)],
    ["a digit too many", `${EMPTY}0`],
    ["upper case", EMPTY.toUpperCase()],
    ["upper case digits", `sha256:${EMPTY.slice(7).toUpperCase()}`],
    ["a letter that is no digit", `sha256:${"g".repeat(64)}`],
    ["the length of another algorithm", `sha512:${"a".repeat(64)}`],
    ["a final newline", `${EMPTY}\n`],
    ["a space before it", ` ${EMPTY}`],
    ["a path behind it", `${EMPTY}/../x`],
  ])("is refused: %s", (_, text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("is told apart from an algorithm that is not supported", () => {
    expect(() => parseDigest(`sha384:${"a".repeat(96)}`)).toThrow(
      expect.objectContaining({
        code: "unsupported",
        message: 'digest algorithm "sha384" is not supported; use sha256 or sha512',
      }),
    );
  });

  it("is quoted in part only, however long it is", () => {
    expect(() => parseDigest("x".repeat(1_000_000))).toThrow(/^.{0,300}$/);
    expect(() => parseDigest(`${"x".repeat(1_000_000)}:`)).toThrow(/^.{0,300}$/);
  });
});
