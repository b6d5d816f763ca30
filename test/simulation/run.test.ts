import { describe, expect, it } from "vitest";
import { drawHistory } from "./draw.ts";
import { runSeed } from "./run.ts";

const SEEDS = Array.from({ length: 20 }, (_, at) => 7000 + at);

describe("a seed", () => {
  it("goes the same way every time, step by step, whether anybody reads along or not", async () => {
    for (const seed of SEEDS) {
      const lines: string[] = [];
      const told = await runSeed(seed, { trace: (line) => lines.push(line) });
      const again: string[] = [];
      await runSeed(seed, { trace: (line) => again.push(line) });
      expect((await runSeed(seed)).fingerprint).toBe(told.fingerprint);
      expect(again).toEqual(lines);
    }
  });

  it("has one history", () => {
    for (const seed of SEEDS) expect(drawHistory(seed)).toEqual(drawHistory(seed));
  });

  it("goes another way than its neighbours", async () => {
    const fingerprints: string[] = [];
    for (const seed of SEEDS) fingerprints.push((await runSeed(seed)).fingerprint);
    expect(new Set(fingerprints).size).toBe(SEEDS.length);
  });
});
