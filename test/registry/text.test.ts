import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "../../lib/registry/text.ts";

describe("a stranger's text, made fit for a terminal and a log", () => {
  it.each([
    ["a line break", "a\r\nb", "a b"],
    ["an escape, of seven bits or eight", "a\u001b[2Jb\u009b31mc", "a [2Jb 31mc"],
    ["what turns the direction of text", "a\u202eb", "a b"],
    ["half of a character", "a\ud83d", "a\ufffd"],
    ["what is no text", { text: "x" }, ""],
  ])("loses %s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("is one short line that any program can encode, whatever it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        const shown = printable(text);
        expect(shown.length).toBeLessThanOrEqual(301);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
    expect(printable("\u{1f600}".repeat(400)).isWellFormed()).toBe(true);
    expect(printable(`a${"\u{1f600}".repeat(400)}`).isWellFormed()).toBe(true);
  });
});
