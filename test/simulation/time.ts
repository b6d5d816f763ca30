import type { Clock } from "../../lib/ports.ts";
import type { Pace } from "../../lib/retry.ts";
import { EPOCH } from "./names.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Caller } from "./wire.ts";

/** The clock of an instance: up to `skew` milliseconds off, and now and then it jumps. Deadlines do not mind. */
export function clockOf(by: Caller, scheduler: Scheduler, skew: number): Clock {
  const { random } = scheduler;
  const set = () => (skew === 0 ? 0 : random.between(-skew, skew));
  let off = set();
  return {
    now() {
      if (skew > 0 && random.chance(0.1)) off = set();
      return new Date(EPOCH + scheduler.now() + off);
    },
    deadline(milliseconds) {
      const controller = new AbortController();
      scheduler.after(
        milliseconds,
        () => `a deadline of ${by.name} passes`,
        () => {
          if (by.alive()) controller.abort(new DOMException("the deadline passed", "TimeoutError"));
        },
      );
      return controller.signal;
    },
  };
}

/** The time between two tries of an instance. */
export function paceOf(by: Caller, scheduler: Scheduler): Pace {
  return {
    random: scheduler.random.next,
    sleep(milliseconds, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const stop = () => {
        if (by.alive()) reject(signal.reason);
      };
      if (signal.aborted) stop();
      else {
        signal.addEventListener("abort", stop, { once: true });
        scheduler.after(
          milliseconds,
          () => `${by.name} tries again`,
          () => {
            signal.removeEventListener("abort", stop);
            if (by.alive()) resolve();
          },
        );
      }
      return promise;
    },
  };
}
