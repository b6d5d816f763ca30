import { describe, expect, it } from "vitest";
import { runSeeds } from "./seeds.ts";

describe("a thousand worlds in which everything may go wrong", () => {
  it("keep every promise", { timeout: 240_000 }, async () => {
    const { sums, tell } = await runSeeds(1, 1000);
    console.log(tell());
    expect(sums.get("seeds")).toBe(1000);
  });
});
