import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binauthzPayload, readPayload, speaksOf } from "../../lib/attest/payload.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, nameOf, parseCanonical } from "../../lib/image/reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const app = parseCanonical(`gcr.io/project/app@${DIGEST}`);
const TYPE = "Google cloud binauthz container signature";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);
const compact = text(binauthzPayload(app));

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}$/);
const subjects: fc.Arbitrary<Canonical> = fc
  .tuple(
    fc.constantFrom("gcr.io", "docker.io", "localhost:5000", "europe-docker.pkg.dev"),
    fc.array(component, { minLength: 1, maxLength: 4 }),
    fc.uint8Array({ maxLength: 16 }),
    fc.constantFrom("sha256" as const, "sha512" as const),
  )
  .map(([registry, path, content, algorithm]) => ({
    registry,
    repository: path.join("/"),
    digest: digestOf(content, algorithm),
  }));

describe("a Binary Authorization payload", () => {
  it("is the compact document that Voucher always signed", () => {
    expect(compact).toBe(
      `{"critical":{"identity":{"docker-reference":"gcr.io/project/app"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"${TYPE}"}}`,
    );
  });

  it("reads back as what was written, for every image", () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const written = binauthzPayload(subject);
        expect(readPayload(written)).toEqual({
          dockerReference: nameOf(subject),
          digest: subject.digest,
          type: TYPE,
        });
        expect(speaksOf(written, subject)).toBe(true);
      }),
    );
  });

  it("speaks of no other image", () => {
    fc.assert(
      fc.property(subjects, subjects, (one, other) => {
        fc.pre(nameOf(one) !== nameOf(other) || one.digest !== other.digest);
        expect(speaksOf(binauthzPayload(one), other)).toBe(false);
      }),
    );
  });

  it("names neither tag nor digest in its docker-reference", () => {
    const tagged = { ...app, tag: "v1" };
    expect(text(binauthzPayload(tagged))).toBe(compact);
  });

  it("is accepted as gcloud prints it: sorted, indented, with a final newline", () => {
    const pretty = `${JSON.stringify(JSON.parse(compact), null, 2)}\n`;
    expect(speaksOf(bytes(pretty), app)).toBe(true);
  });
});

describe("a payload that says something else", () => {
  it.each([
    ["another type", compact.replace(TYPE, "atomic container signature")],
    ["the type in another case", compact.replace("Google", "google")],
    ["another repository", compact.replace("project/app", "project/app2")],
    ["a tag in the name", compact.replace("project/app", "project/app:v1")],
    ["another digest", compact.replace("sha256:ab", "sha256:ac")],
    ["the digest in upper case", compact.replace(DIGEST, DIGEST.toUpperCase())],
  ])("does not speak of the image: %s", (_, document) => {
    expect(readPayload(bytes(document))).toBeDefined();
    expect(speaksOf(bytes(document), app)).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["an array", `[${compact}]`],
    [
      "a digest given twice",
      compact.replace('"docker-manifest-digest"', `"docker-manifest-digest":"x","docker-manifest-digest"`),
    ],
    ["critical given twice", compact.replace('{"critical"', '{"critical":{},"critical"')],
    ["a key in a second case", compact.replace('"type"', '"Type":"x","type"')],
    ["a member more", compact.replace(/\}$/, ',"optional":{}}')],
    ["no type", compact.replace(`,"type":"${TYPE}"`, "")],
    ["a number for a digest", compact.replace(`"${DIGEST}"`, "1")],
    ["text behind it", `${compact}{}`],
    ["deep nesting", "[".repeat(100_000)],
  ])("is unreadable: %s", (_, document) => {
    expect(readPayload(bytes(document))).toBeUndefined();
    expect(speaksOf(bytes(document), app)).toBe(false);
  });

  it("is unreadable where it is not UTF-8", () => {
    expect(readPayload(Uint8Array.of(0x7b, 0xff, 0x7d))).toBeUndefined();
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (any) => {
        expect(readPayload(any)).toBeUndefined();
      }),
    );
  });
});
