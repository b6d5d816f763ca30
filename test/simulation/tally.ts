import type { Run } from "./run.ts";

/** Sums up what many seeds have seen. */
export interface Tally {
  add(run: Run): void;
  readonly sums: ReadonlyMap<string, number>;
  /** A few lines for people. */
  tell(): string;
}

export function createTally(): Tally {
  const started = performance.now();
  const sums = new Map<string, number>();
  const endings = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, n: number) => to.set(name, (to.get(name) ?? 0) + n);
  return {
    sums,
    add({ violation, steps, counts, endings: ended }) {
      add(sums, "seeds", 1);
      add(sums, "broken promises", violation === undefined ? 0 : 1);
      add(sums, "steps", steps);
      for (const [name, n] of Object.entries(counts)) add(sums, name, n);
      for (const [ending, n] of ended) add(endings, ending, n);
    },
    tell() {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const line = (all: Map<string, number>) => [...all].map(([name, n]) => `${n} ${name}`).join(", ");
      return `${line(sums)} in ${seconds} s\ndeliveries ended: ${line(endings)}`;
    },
  };
}
