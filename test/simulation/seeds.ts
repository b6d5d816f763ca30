import { type RunOptions, runSeed } from "./run.ts";
import { createTally, type Tally } from "./tally.ts";
import { tellFailure } from "./tell.ts";

/** Runs `count` seeds from `from` on. Throws, with all that a person needs, at the first that finds a broken promise. */
export async function runSeeds(from: number, count: number, options: RunOptions = {}): Promise<Tally> {
  const tally = createTally();
  for (let seed = from; seed < from + count; seed += 1) {
    const run = await runSeed(seed, options);
    tally.add(run);
    if (run.violation === undefined) continue;
    const lines: string[] = [];
    // The same seed goes the same way; only now does anybody want to know which.
    await runSeed(seed, { ...options, trace: (line) => lines.push(line) });
    throw new Error(tellFailure(run, lines));
  }
  return tally;
}
