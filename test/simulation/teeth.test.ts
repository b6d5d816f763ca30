import { describe, expect, it } from "vitest";
import { PLANTED } from "./planted.ts";
import { runSeed } from "./run.ts";

/** A fault that so many seeds do not find means that the simulation is wrong. */
const MOST_SEEDS = 300;

describe("the simulation", () => {
  it("is tried with a dozen faults at least", () => {
    expect(new Set(PLANTED.map(({ fault }) => fault)).size).toBeGreaterThanOrEqual(12);
  });

  it.each(PLANTED)("finds a program that $fault", { timeout: 60_000 }, async ({ core }) => {
    let found: string | undefined;
    for (let seed = 1; found === undefined && seed <= MOST_SEEDS; seed += 1) {
      found = (await runSeed(seed, { core })).violation;
    }
    expect(found).toBeDefined();
  });
});
