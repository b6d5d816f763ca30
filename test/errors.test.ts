import { describe, expect, it } from "vitest";
import { VoucherError } from "../lib/errors.ts";

const messageOf = (text: string) => new VoucherError("malformed", text).message;

describe("the message of an error, which may quote a stranger", () => {
  it.each([
    ["moves the cursor", "a\u001b[2Jb", "a [2Jb"],
    ["moves it in one character, as some terminals know", "a\u009b2Jb", "a 2Jb"],
    ["ends lines in other ways", "a\rb\u2028c\u0085d", "a b c d"],
    ["turns the direction of text", "a\u202egnp.exe\u2066", "a gnp.exe "],
    ["is half a character", "a\ud83d", "a\ufffd"],
  ])("loses what %s", (_, text, shown) => {
    expect(messageOf(text)).toBe(shown);
  });

  it("keeps its lines, and every letter that is one", () => {
    const text = 'checks.mine: "ü 🔑 شماره‌ها"\nsigner: is missing';
    expect(messageOf(text)).toBe(text);
  });

  it("has no line that no log would keep", () => {
    const [first, second, ...more] = messageOf(`${"x".repeat(1_000_000)}\n${"🔑".repeat(1_000_000)}`).split(
      "\n",
    );
    expect([first, second].map((line) => line?.length)).toEqual([2001, 2001]);
    expect(first?.endsWith("x…") && second?.endsWith("…") && second.isWellFormed()).toBe(true);
    expect(more).toEqual([]);
  });
});
