import { setTimeout as sleep } from "node:timers/promises";

/** Returns once the next event may begin; at once where `stop` aborts. */
export type Pace = (stop: AbortSignal) => Promise<void>;

/** Spreads events evenly, so that no more than `perSecond` begin in a second; without it nothing is held back. */
export function createPace(perSecond: number | undefined, now: () => number = () => performance.now()): Pace {
  if (perSecond === undefined) return async () => {};
  let next = Number.NEGATIVE_INFINITY;
  return async (stop) => {
    const turn = Math.max(next, now());
    next = turn + 1000 / perSecond;
    const wait = turn - now();
    if (wait > 0) await sleep(wait, undefined, { signal: stop }).catch(() => {});
  };
}
