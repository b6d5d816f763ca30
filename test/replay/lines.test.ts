import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBlank, linesOf } from "../../lib/replay/lines.ts";

const MOST = 10;

async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function lines(...chunks: readonly (string | Uint8Array)[]) {
  const found: { number: number; text: string | undefined; end: number; whole: boolean }[] = [];
  for await (const { bytes, ...line } of linesOf(chunksOf(...chunks), MOST)) {
    found.push({ ...line, text: bytes === undefined ? undefined : Buffer.from(bytes).toString() });
  }
  return found;
}

const texts = async (...chunks: readonly string[]) => (await lines(...chunks)).map(({ text }) => text);

describe("the lines of a stream", () => {
  it("are numbered, and say where they end and whether they are whole", async () => {
    expect(await lines("a\nbc\n\nd")).toEqual([
      { number: 1, text: "a", end: 2, whole: true },
      { number: 2, text: "bc", end: 5, whole: true },
      { number: 3, text: "", end: 6, whole: true },
      { number: 4, text: "d", end: 7, whole: false },
    ]);
  });

  it("are none where there is nothing", async () => {
    expect(await lines("", "")).toEqual([]);
  });

  it("are the same however the stream is cut", async () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "\n", "\r"), maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const whole = chunks.join("").split("\n");
        if (whole.at(-1) === "") whole.pop();
        const expected = whole.map((line) => (Buffer.byteLength(line) > MOST ? undefined : line));
        expect(await texts(...chunks)).toEqual(expected);
      }),
    );
  });

  it("of more than the most are passed over, and what follows is not", async () => {
    expect(await lines("12345678901", "2345\nb\n")).toEqual([
      { number: 1, text: undefined, end: 16, whole: true },
      { number: 2, text: "b", end: 18, whole: true },
    ]);
    expect(await texts("1234567890\nb")).toEqual(["1234567890", "b"]);
  });

  it("begin after a byte order mark, at the beginning alone", async () => {
    expect(await texts("\uFEFFa\n\uFEFFb")).toEqual(["a", "\uFEFFb"]);
  });

  it("keep no line that is too long in memory", async () => {
    const piece = Buffer.alloc(1024 * 1024, "x");
    async function* endless() {
      for (let at = 0; at < 2_000; at += 1) yield piece;
    }
    const before = process.memoryUsage().rss;
    for await (const line of linesOf(endless(), MOST)) expect(line.bytes).toBeUndefined();

    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe("a blank line", () => {
  it.each(["", " ", "\t \r"])("is %j", (text) => {
    expect(isBlank(Buffer.from(text))).toBe(true);
  });

  it("has nothing else in it", () => {
    expect(isBlank(Buffer.from(" . "))).toBe(false);
  });
});
