import { describe, expect, it } from "vitest";
import { listed, oneLine, plain, quote } from "../../lib/check/wording.ts";

describe("text from outside", () => {
  it("is quoted, and left alone where it harms nobody", () => {
    expect(quote("Größe 10 – 日本 👍")).toBe('"Größe 10 – 日本 👍"');
    expect(plain('say "no"')).toBe('say \\"no\\"');
  });

  it.each([
    ["an escape sequence", "\u001b[2J", '"\\u001b[2J"'],
    ["its one-character form, which JSON leaves as it is", "\u009b2J", '"\\u009b2J"'],
    ["delete", "\u007f", '"\\u007f"'],
    ["a change of direction", "abc\u202ecba", '"abc\\u202ecba"'],
    ["what cannot be seen", "a\u200bb\u{e0041}", '"a\\u200bb\\u{e0041}"'],
    ["the ends of lines", "a\nb\u2028c", '"a\\nb\\u2028c"'],
  ])("shows %s as what it is", (_, text, shown) => {
    expect(quote(text)).toBe(shown);
  });

  it("is shortened where it is long", () => {
    expect(quote("x".repeat(1_000))).toBe(`"${"x".repeat(120)}…"`);
  });
});

describe("text that may be as long as it is", () => {
  it("stays on one line, without what terminals obey", () => {
    expect(oneLine(` a\u009b2J\r\n  b\u202e ${"x".repeat(1_000)}`)).toBe(`a 2J b ${"x".repeat(1_000)}`);
  });
});

describe("a list", () => {
  it("says how many more there are than it names", () => {
    expect(listed(["a", "b", "c"], 2)).toBe("a, b and 1 more");
    expect(listed(["a", "b"], 2, "; ")).toBe("a; b");
    expect(listed([])).toBe("");
  });
});
