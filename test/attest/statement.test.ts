import { describe, expect, it } from "vitest";
import { digestSet, isAbout, readStatement, statementBytes } from "../../lib/attest/statement.ts";
import { digestOf } from "../../lib/image/digest.ts";

const DIGEST = digestOf(Buffer.from("image"));
const HEX = DIGEST.slice("sha256:".length);
const STATEMENT = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "app", digest: { sha256: HEX } }],
  predicateType: "https://example.com/p",
  predicate: { a: 1 },
};
const read = (document: unknown) => readStatement(Buffer.from(JSON.stringify(document)));

describe("a statement", () => {
  it("has the members of in-toto's Statement v1, and reads back", () => {
    const subjects = [{ name: "app", digest: digestSet(DIGEST) }];
    const written = statementBytes({ predicateType: "https://example.com/p", subjects, predicate: { a: 1 } });
    expect(JSON.parse(Buffer.from(written).toString())).toEqual(STATEMENT);
    expect(readStatement(written)).toEqual({
      predicateType: "https://example.com/p",
      subjects,
      predicate: { a: 1 },
    });
  });

  it("is read in the version that older clients write, too", () => {
    expect(read({ ...STATEMENT, _type: "https://in-toto.io/Statement/v0.1" })).toBeDefined();
  });

  it("is about each of its subjects, by its own algorithm, and about nothing else", () => {
    const other = digestOf(Buffer.from("other"), "sha512");
    const statement = { subjects: [{ digest: digestSet(DIGEST) }, { digest: digestSet(other) }] };
    expect(isAbout(statement, DIGEST)).toBe(true);
    expect(isAbout(statement, other)).toBe(true);
    expect(isAbout(statement, digestOf(Buffer.from("image"), "sha512"))).toBe(false);
    expect(isAbout({ subjects: [{ digest: { sha1: HEX } }] }, DIGEST)).toBe(false);
    expect(isAbout({ subjects: [{ digest: { SHA256: HEX } }] }, DIGEST)).toBe(false);
    expect(isAbout({ subjects: [{ digest: {} }] }, DIGEST)).toBe(false);
  });

  it.each([
    ["another type", { ...STATEMENT, _type: "https://in-toto.io/Statement/v2" }],
    ["no subject", { ...STATEMENT, subject: [] }],
    ["a subject without a digest", { ...STATEMENT, subject: [{ name: "app" }] }],
    ["no predicate type", { ...STATEMENT, predicateType: undefined }],
    ["a predicate type that would end up on a terminal", { ...STATEMENT, predicateType: "a\u001b[2J" }],
    ["a list", [STATEMENT]],
  ])("is none: %s", (_, document) => {
    expect(read(document)).toBeUndefined();
  });

  it("is none where two readers could read it in two ways", () => {
    const text = JSON.stringify(STATEMENT).replace('"subject"', '"subject":[],"subject"');
    expect(readStatement(Buffer.from(text))).toBeUndefined();
    expect(readStatement(Buffer.of(0xff))).toBeUndefined();
  });
});
