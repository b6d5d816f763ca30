import type { Original } from "./deliveries.ts";
import type { Scheduler } from "./scheduler.ts";

/** Knows of every event who holds it: a subscription, a letter, a replay. */
export interface Ledger {
  /** Somebody holds `original`, or a copy of it, and will not forget it. */
  hold(original: Original): void;
  /** One of those lets go of it. */
  release(original: Original): void;
  /** It has ended, and nobody needs to hold it any more. */
  end(original: Original): void;
  /** It has ended because of what went wrong, and not of what it speaks of. */
  abandon(original: Original): void;
  /** Every event that has not been abandoned. */
  events(): readonly Original[];
}

/** Sees to it that nobody is the last to let go of an event that has not ended. */
export function createLedger(scheduler: Scheduler): Ledger {
  const held = new Map<Original, number>();
  const ends = new Set<Original>();
  const abandoned = new Set<Original>();
  return {
    hold: (original) => void held.set(original, (held.get(original) ?? 0) + 1),
    end: (original) => void ends.add(original),
    abandon: (original) => void abandoned.add(original),
    events: () => [...held.keys()].filter((original) => !abandoned.has(original)),
    release(original) {
      const left = (held.get(original) ?? 0) - 1;
      held.set(original, left);
      if (left > 0 || ends.has(original)) return;
      scheduler.fail(`${original.id} is lost: it was acknowledged before it ended, and nothing holds it`);
    },
  };
}
