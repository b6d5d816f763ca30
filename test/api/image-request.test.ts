import { describe, expect, it } from "vitest";
import { BODY_BYTES, readImage } from "../../lib/api/image-request.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

function body(value: unknown): Buffer {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

describe("a body", () => {
  it("names an image by its digest", () => {
    expect(readImage(body({ image_url: `gcr.io/project/app@${DIGEST}` }))).toEqual({
      registry: "gcr.io",
      repository: "project/app",
      digest: DIGEST,
    });
  });

  it("may name a tag besides, and say what nobody reads", () => {
    expect(readImage(body({ image_url: `gcr.io/project/app:v1@${DIGEST}`, more: [1] }))).toMatchObject({
      tag: "v1",
      digest: DIGEST,
    });
  });

  it.each(["gcr.io/path/to/image", "alpine", "gcr.io/path/to/image:latest"])(
    "that names %s is refused in Voucher's words",
    (image_url) => {
      expect(() => readImage(body({ image_url }))).toThrow(`reference ${image_url} has no digest`);
    },
  );

  it.each([
    "",
    "gcr.io/Path/To/Image",
    "gcr.io/app@sha256:abc",
    `gcr.io/app@md5:${"a".repeat(32)}`,
    "https://gcr.io/app",
    "a\nb",
  ])("that names %j is refused in Voucher's words", (image_url) => {
    expect(() => readImage(body({ image_url }))).toThrow(/^can't use URL in ImageData: ./);
  });

  it.each([
    {},
    { image_url: 1 },
    { image_url: null },
    { image_url: [`gcr.io/app@${DIGEST}`] },
    [],
    "null",
    '"text"',
  ])("of %j names no image", (value) => {
    expect(() => readImage(body(value))).toThrow("can't use URL in ImageData: there is no text image_url");
  });

  it.each(["", "{", "{image_url:x}", '{"image_url":"a",}', "\u0000"])("of %j is no JSON", (text) => {
    expect(() => readImage(body(text))).toThrow("can't use the body: the document is not JSON; write {");
  });

  it("that names two images is refused, since two readers could read one each", () => {
    const text = `{"image_url":"gcr.io/a@${DIGEST}","image_url":"gcr.io/b@${DIGEST}"}`;
    expect(() => readImage(body(text))).toThrow("given twice");
  });

  it("may have 64 KiB, and not a byte more", () => {
    const text = JSON.stringify({ image_url: `gcr.io/project/app@${DIGEST}` });
    expect(readImage(body(text.padEnd(BODY_BYTES))).digest).toBe(DIGEST);
    expect(() => readImage(body(text.padEnd(BODY_BYTES + 1)))).toThrow(
      expect.objectContaining({ code: "limit" }),
    );
  });
});
