import { describe, expect, it } from "vitest";
import { replaySummary } from "../../lib/cli/replay-summary.ts";
import type { Outcome } from "../../lib/replay/tally.ts";
import { createTally } from "../../lib/replay/tally.ts";

const plain = { style: (_: string, text: string) => text };

/** What people read of a replay with these outcomes, line by line. */
function summaryOf(outcomes: readonly Outcome[], { dryRun = false, untimed = 0 } = {}): readonly string[] {
  const tally = createTally();
  for (const outcome of outcomes) {
    tally.seen();
    tally.matched();
    tally.outcome(outcome);
  }
  const replayed = { summary: tally.summary(), groups: tally.groups(), untimed, stopped: false };
  return replaySummary(replayed, plain, dryRun).split("\n");
}

describe("what people read at the end of a replay", () => {
  it("counts by outcome and reason, and says of one of each why", () => {
    const lines = summaryOf([
      { kind: "rejected", reason: "nobody", sentence: "runs as root" },
      { kind: "rejected", reason: "nobody", sentence: "runs as 0" },
      { kind: "approved" },
    ]);

    expect(lines.slice(3, -1).map((line) => line.replaceAll(/\s+/g, " "))).toEqual([
      "│ approved │ │ 1 │",
      "│ rejected │ nobody │ 2 │",
      "└──────────┴────────┴────────┘",
      " nobody, for example: runs as root",
    ]);
    expect(lines.at(-1)).toBe("3 seen, 3 selected, 3 done");
  });

  it("does not say again what was said when it happened, nor a reason that is a sentence", () => {
    const lines = summaryOf([
      { kind: "failed", reason: "network", sentence: "it broke off" },
      { kind: "pending", reason: "snakeoil", sentence: "it is scanned" },
      { kind: "ignored", reason: "something was deleted", sentence: "something was deleted" },
    ]);

    expect(lines.filter((line) => line.startsWith(" "))).toEqual([]);
    expect(lines.at(-1)).toBe("3 seen, 3 selected, 1 done, 1 pending, 1 failed");
  });

  it("does not call done what a dry run left as it is", () => {
    const selected = { kind: "selected", reason: "waited", sentence: "no scan in 60 minutes" } as const;
    const lines = summaryOf([selected, { kind: "ignored", reason: "deleted" }], { dryRun: true });

    expect(lines.slice(-2)).toEqual([
      "  waited: no scan in 60 minutes",
      "2 seen, 2 selected, nothing done in a dry run",
    ]);
  });

  it("says how many were left out of a window of time because nobody knows when they happened", () => {
    expect(summaryOf([], { untimed: 4 })).toEqual([
      "  nobody knows when 4 happened: --since and --until leave them out",
      "0 seen, 0 selected, 0 done",
    ]);
  });

  it("lets no event steer the terminal", () => {
    const lines = summaryOf([{ kind: "selected", reason: "a\u001b[2Jb", sentence: "c\u202ed\ne" }]);

    expect(lines.join()).not.toContain("\u001b");
    expect(lines.at(-2)).toBe("  a [2Jb: c d e");
  });

  it("shows no more of a reason that somebody else wrote than fits a line", () => {
    const lines = summaryOf([{ kind: "selected", reason: "x".repeat(5_000) }]);

    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(150);
  });
});
