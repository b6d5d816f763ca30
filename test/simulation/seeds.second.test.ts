import { describe, expect, it } from "vitest";
import { runSeeds } from "./seeds.ts";

// A file of its own, so that two cores can share the worlds.
describe("a thousand other worlds", () => {
  it("keep every promise", { timeout: 240_000 }, async () => {
    const { sums, tell } = await runSeeds(1001, 1000);
    console.log(tell());
    expect(sums.get("seeds")).toBe(1000);
  });
});
