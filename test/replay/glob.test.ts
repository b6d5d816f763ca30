import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGlob } from "../../lib/replay/glob.ts";

describe("a glob", () => {
  it.each([
    ["v1", "v1"],
    ["v*", "v1.2"],
    ["*", ""],
    ["*", "anything/at/all"],
    ["gcr.io/*/app", "gcr.io/project/team/app"],
    ["*app*", "gcr.io/application/x"],
    ["v?.?", "v1.2"],
    ["**a**", "cat"],
    ["a*b*c", "a-b-b-c"],
    ["*ab", "aab"],
    ["a*a", "aa"],
    ["[1-9]+", "[1-9]+"],
  ])("%s means %s", (pattern, text) => {
    expect(parseGlob(pattern)(text)).toBe(true);
  });

  it.each([
    ["v1", "v12"],
    ["v1", "av1"],
    ["V*", "v1"],
    ["v?", "v"],
    ["a*a", "a"],
    ["a*b*c", "a-c-b"],
    ["ab*ba", "aba"],
    ["", "a"],
    ["v.", "v1"],
  ])("%s does not mean %s", (pattern, text) => {
    expect(parseGlob(pattern)(text)).toBe(false);
  });

  it("means what a regular expression of the same form means", () => {
    const letters = (unit: readonly string[]) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
    fc.assert(
      fc.property(letters(["a", "b", "*", "?"]), letters(["a", "b"]), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(parseGlob(pattern)(text)).toBe(expression.test(text));
      }),
    );
  });

  it("is told from a long text in time, however many stars it has", () => {
    const start = performance.now();
    expect(parseGlob("*a".repeat(200) + "b")("a".repeat(20_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
