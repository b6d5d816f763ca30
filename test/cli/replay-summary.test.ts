import { describe, expect, it } from "vitest";
import { replaySummary } from "../../lib/cli/replay-summary.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";

const plain: Terminal = { out: () => {}, err: () => {}, columns: 80, style: (_, text) => text };
const summary = {
  seen: 12,
  matched: 10,
  done: 6,
  approved: 4,
  rejected: 2,
  pending: 1,
  failed: 2,
  ignored: 0,
  resumed: 1,
};

describe("the summary of a replay", () => {
  it("is a table by outcome and reason, and what it comes to", () => {
    const text = replaySummary(
      {
        summary,
        groups: [
          { kind: "approved", reason: "", count: 4 },
          { kind: "rejected", reason: "nobody", count: 2 },
          { kind: "failed", reason: "network", count: 2 },
        ],
        stopped: false,
      },
      plain,
    );

    expect(text.split("\n")).toEqual([
      "┌──────────┬─────────┬────────┐",
      "│ outcome  │ reason  │ events │",
      "├──────────┼─────────┼────────┤",
      "│ approved │         │      4 │",
      "│ rejected │ nobody  │      2 │",
      "│ failed   │ network │      2 │",
      "└──────────┴─────────┴────────┘",
      "12 seen, 10 selected, 6 done, 1 done by an earlier run, 1 pending, 2 failed",
    ]);
  });

  it("shows of a reason that somebody else wrote what fits a line, and nothing that steers the terminal", () => {
    const reason = `\u001b[2Jgone\n${"x".repeat(5_000)}`;
    const text = replaySummary(
      { summary, groups: [{ kind: "selected", reason, count: 1 }], stopped: false },
      plain,
    );

    expect(text).toContain(" [2Jgone xxx");
    expect(text).not.toContain("\u001b");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(150);
  });

  it("is one line where there was nothing", () => {
    const nothing = {
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

    expect(replaySummary({ summary: nothing, groups: [], stopped: false }, plain)).toBe(
      "0 seen, 0 selected, 0 done",
    );
  });
});
