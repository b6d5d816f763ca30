import { describe, expect, it } from "vitest";
import { filterOf } from "../../lib/grafeas/filter.ts";
import { imageOf, occurrencePath, occurrencesPath, readNoteName } from "../../lib/grafeas/names.ts";
import { parseCanonical } from "../../lib/image/reference.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;

describe("a filter", () => {
  it("asks for one kind, and for each image by both ways of writing it", () => {
    const subjects = [parseCanonical(`gcr.io/p/app@${A}`), parseCanonical(`alpine@${B}`)];
    expect(filterOf("ATTESTATION", subjects)).toBe(
      `(kind="ATTESTATION") AND ((resourceUrl="https://gcr.io/p/app@${A}") OR (resourceUrl="gcr.io/p/app@${A}")` +
        ` OR (resourceUrl="https://docker.io/library/alpine@${B}") OR (resourceUrl="docker.io/library/alpine@${B}"))`,
    );
  });

  it("asks for one note where only that is wanted", () => {
    const note = { project: "goog-analysis", note: "PACKAGE_VULNERABILITY" };
    expect(filterOf("DISCOVERY", [parseCanonical(`gcr.io/p/app@${A}`)], note)).toBe(
      `(kind="DISCOVERY") AND (noteProjectId="goog-analysis") AND (noteId="PACKAGE_VULNERABILITY")` +
        ` AND ((resourceUrl="https://gcr.io/p/app@${A}") OR (resourceUrl="gcr.io/p/app@${A}"))`,
    );
  });

  it("asks for whatever stands under a note where no image is named", () => {
    expect(filterOf("ATTESTATION", [], { project: "p", note: "nobody" })).toBe(
      '(kind="ATTESTATION") AND (noteProjectId="p") AND (noteId="nobody")',
    );
  });
});

describe("a note's name", () => {
  it.each([
    ["projects/p/notes/n", { project: "p", note: "n" }],
    ["projects/example.com:p/notes/n", { project: "example.com:p", note: "n" }],
    ["projects/p/locations/eu/notes/n", { project: "p", note: "n" }],
    ["projects/p/notes/n/x", undefined],
    ["projects/p/notes/", undefined],
    ["x/projects/p/notes/n", undefined],
    ["projects/p/notes/n\n", undefined],
  ])("%j", (name, expected) => {
    expect(readNoteName(name)).toEqual(expected);
  });
});

describe("a path", () => {
  it("is of the version that is spoken", () => {
    expect(occurrencesPath("p")).toBe("/v1/projects/p/occurrences");
    expect(occurrencesPath("example.com:p", "v1beta1")).toBe("/v1beta1/projects/example.com:p/occurrences");
    expect(occurrencePath("projects/p/occurrences/o", "v1beta1")).toBe("/v1beta1/projects/p/occurrences/o");
  });
});

describe("the image that a resource is", () => {
  it.each([
    `https://gcr.io/p/app@${A}`,
    `http://gcr.io/p/app@${A}`,
    `gcr.io/p/app@${A}`,
    `gcr.io/p/app:v1@${A}`,
  ])("%s", (uri) => {
    expect(imageOf(uri)).toEqual(parseCanonical(`gcr.io/p/app@${A}`));
  });

  it.each(["https://gcr.io/p/app:v1", "gs://bucket/object", "https://gcr.io/p/app@md5:0", ""])(
    "is none: %j",
    (uri) => {
      expect(imageOf(uri)).toBeUndefined();
    },
  );
});
