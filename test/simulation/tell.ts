import type { Run } from "./run.ts";
import { tellHistory } from "./tell-history.ts";

/** What a person needs to find out why a seed failed: its history, the last steps, and how to see all of them. */
export function tellFailure(run: Run, lines: readonly string[]): string {
  const { history, violation, steps } = run;
  return [
    `Seed ${history.seed} broke a promise at step ${steps}: ${violation}`,
    "",
    tellHistory(history),
    "",
    "The last steps:",
    ...lines.slice(-80),
    "",
    `See every step with: npm run simulate -- --from ${history.seed} --seeds 1 --trace`,
  ].join("\n");
}
