import { describe, expect, it } from "vitest";
import { PLANTED } from "./planted.ts";
import { runSeeds } from "./seeds.ts";

describe("a seed that finds a broken promise", () => {
  it("prints itself, its history and its step, and how to see it again", async () => {
    const core = PLANTED[0]?.core;
    const failure = await runSeeds(1, 300, core === undefined ? {} : { core }).catch(String);
    expect(failure).toMatch(/Seed \d+ broke a promise at step \d+: .+/);
    expect(failure).toMatch(/The history of seed \d+:/);
    expect(failure).toMatch(/ upload of \w+ in /);
    expect(failure).toMatch(/ VIOLATION .+/);
    expect(failure).toMatch(/npm run simulate -- --from \d+ --seeds 1 --trace/);
  });
});
