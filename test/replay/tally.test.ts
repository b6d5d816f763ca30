import { describe, expect, it } from "vitest";
import { createTally, isDone, type OutcomeKind } from "../../lib/replay/tally.ts";

describe("the tally of a replay", () => {
  it("counts as done what was decided, published or ignored", () => {
    const tally = createTally();
    const kinds: readonly OutcomeKind[] = [
      "approved",
      "approved",
      "rejected",
      "published",
      "ignored",
      "pending",
      "failed",
    ];
    for (const kind of kinds) {
      tally.seen();
      tally.matched();
      tally.outcome({ kind });
    }
    tally.seen();
    tally.resumed();

    expect(tally.summary()).toEqual({
      seen: 8,
      matched: 7,
      done: 5,
      approved: 2,
      rejected: 1,
      pending: 1,
      failed: 1,
      ignored: 1,
      resumed: 1,
    });
    expect(kinds.filter((kind) => isDone({ kind }))).toHaveLength(5);
  });

  it("groups by outcome and reason, the most frequent reason first", () => {
    const tally = createTally();
    for (const reason of ["network", "timeout", "timeout"]) tally.outcome({ kind: "failed", reason });
    tally.outcome({ kind: "rejected", reason: "nobody" });
    tally.outcome({ kind: "approved" });

    expect(tally.groups()).toEqual([
      { kind: "approved", reason: "", count: 1 },
      { kind: "rejected", reason: "nobody", count: 1 },
      { kind: "failed", reason: "timeout", count: 2 },
      { kind: "failed", reason: "network", count: 1 },
    ]);
  });

  it("orders what is equally frequent by its reason, in whatever order it came", () => {
    const tally = createTally();
    for (const reason of ["timeout", "network"]) tally.outcome({ kind: "failed", reason });

    expect(tally.groups().map(({ reason }) => reason)).toEqual(["network", "timeout"]);
  });

  it("keeps what was said of the first of each group", () => {
    const tally = createTally();
    for (const sentence of [undefined, "the first", "the second"])
      tally.outcome({ kind: "selected", reason: "waited", sentence });

    expect(tally.groups()).toEqual([{ kind: "selected", reason: "waited", count: 3, sentence: "the first" }]);
  });

  it("takes reasons for the same that differ by a digest alone", () => {
    const tally = createTally();
    for (const hex of ["a", "b"]) {
      tally.outcome({
        kind: "ignored",
        reason: `not an image: the tag sha256-${hex.repeat(64)}.sig keeps signatures`,
      });
      tally.outcome({ kind: "ignored", reason: `gone: sha256:${hex.repeat(64)}` });
    }

    expect(tally.groups().map(({ reason, count }) => [reason, count])).toEqual([
      ["gone: sha…", 2],
      ["not an image: the tag sha….sig keeps signatures", 2],
    ]);
  });

  it("keeps few groups, however many reasons there are", () => {
    const tally = createTally();
    for (let at = 0; at < 10_000; at += 1) tally.outcome({ kind: "failed", reason: `reason ${at}` });

    const groups = tally.groups();
    expect(groups.length).toBeLessThan(600);
    expect(groups[0]).toMatchObject({ reason: "other reasons" });
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
  });
});
