import { describe, expect, it } from "vitest";
import { progressLines, told } from "../../lib/cli/replay-progress.ts";
import type { Summary } from "../../lib/replay/tally.ts";

const NOTHING: Summary = {
  seen: 0,
  matched: 0,
  done: 0,
  approved: 0,
  rejected: 0,
  pending: 0,
  failed: 0,
  ignored: 0,
  resumed: 0,
};

describe("what is told of a replay on its way", () => {
  it("is how far it is, how fast, how long it may still take, and what became of events so far", () => {
    const summary = { ...NOTHING, seen: 1_000, approved: 900, failed: 100 };

    expect(told({ through: 250, of: 1_000, summary }, 10_000)).toBe(
      "25 %, 1000 seen, 100/s, about 30 s left: 900 approved, 100 failed",
    );
  });

  it("is only how much and how fast where nobody knows the end", () => {
    expect(told({ through: 3, of: undefined, summary: { ...NOTHING, seen: 3 } }, 2_000)).toBe(
      "3 seen, 1.5/s",
    );
  });

  it("does not count as fast what an earlier run had done", () => {
    const summary = { ...NOTHING, seen: 1_000, resumed: 990, approved: 10 };

    expect(told({ through: 10, of: undefined, summary }, 1_000)).toBe(
      "1000 seen, 10/s: 10 approved, 990 resumed",
    );
  });

  it.each([
    [10, "about 90 s left"],
    [1_000, "about 3 h left"],
    [100, "about 15 min left"],
  ])("is said in seconds, minutes or hours: after %i s", (seconds, left) => {
    expect(told({ through: 1, of: 10, summary: NOTHING }, seconds * 1_000)).toContain(left);
  });

  it("makes sense of an empty file and of the very beginning", () => {
    expect(told({ through: 0, of: 0, summary: NOTHING }, 0)).toBe("0 seen, 0.0/s");
    expect(told({ through: 0, of: 10, summary: NOTHING }, 0)).toBe("0 %, 0 seen, 0.0/s");
  });
});

describe("progress in lines", () => {
  it("is a line every five seconds, and what is said at once", () => {
    const lines: string[] = [];
    let time = 0;
    const progress = progressLines({ err: (line) => void lines.push(line) }, () => time);
    for (; time < 12_000; time += 100) {
      progress.update({ through: time, of: 24_000, summary: { ...NOTHING, seen: time } });
    }
    progress.say("voucher: line 7: the document is not JSON");
    progress.stop();

    expect(lines).toEqual([
      "replay: 20 %, 5000 seen, 1000/s, about 19 s left",
      "replay: 41 %, 10000 seen, 1000/s, about 14 s left",
      "voucher: line 7: the document is not JSON",
    ]);
  });
});
