import { describe, expect, it } from "vitest";
import { filterOf } from "../../lib/grafeas/filter.ts";
import { readNoteName } from "../../lib/grafeas/names.ts";
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
