import { describe, expect, it } from "vitest";
import { parseFilter } from "../../lib/local/grafeas-filter.ts";

const occurrence = {
  resourceUri: 'https://gcr.io/p/app@sha256:"x"',
  noteName: "projects/q/notes/diy",
  kind: "ATTESTATION",
};

describe("a filter", () => {
  it.each([
    ["", true],
    ["  ", true],
    ['kind="ATTESTATION"', true],
    ['kind = "BUILD"', false],
    ["kind=ATTESTATION", true],
    ['resourceUrl="https://gcr.io/p/app@sha256:\\"x\\""', true],
    ['noteProjectId="q" AND noteId="diy"', true],
    ['noteProjectId="q" AND noteId="other"', false],
    ['noteId="a" OR noteId="b" OR noteId="diy"', true],
    ['(kind="ATTESTATION") AND ((noteId="a") OR (noteId="diy"))', true],
    ['NOT kind="BUILD"', true],
    ['NOT (kind="BUILD" OR kind="ATTESTATION")', false],
    ['kind="BUILD" AND noteId="a" OR noteId="diy"', false],
    ['(kind="BUILD" AND noteId="a") OR noteId="diy"', true],
    ['kind="("', false],
  ])("%j says %s of an occurrence", (text, expected) => {
    expect(parseFilter(text)(occurrence)).toBe(expected);
  });

  it.each([
    ["kind"],
    ["kind="],
    ["kind=)"],
    ['="BUILD"'],
    ['kind="BUILD'],
    ['kind="BUILD" AND'],
    ['kind="BUILD" noteId="diy"'],
    ['(kind="BUILD"'],
    ['kind="BUILD")'],
    ['unknown="x"'],
    ['constructor="x"'],
    ['kind>"BUILD"'],
    ['AND kind="BUILD"'],
  ])("that reads %j is refused with INVALID_ARGUMENT", (text) => {
    expect(() => parseFilter(text)).toThrow(
      expect.objectContaining({ status: 400, code: "INVALID_ARGUMENT" }),
    );
  });
});
