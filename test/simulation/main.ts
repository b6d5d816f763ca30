import { parseArgs } from "node:util";
import { runSeed } from "./run.ts";
import { runSeeds } from "./seeds.ts";

/**
 * `npm run simulate -- [--seeds N] [--from S] [--trace]`: runs the seeds from S on, and says what they saw. The first that finds
 * a broken promise is told in full, and ends it with 1. With `--trace` it tells every step of S alone.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const from = wholeNumber("from", values.from);
const count = wholeNumber("seeds", values.seeds);

try {
  if (values.trace) await runSeed(from, { trace: console.log });
  else console.log((await runSeeds(from, count)).tell());
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${option} takes a whole number, not ${JSON.stringify(text)}`);
}
