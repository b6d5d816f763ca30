import { VoucherError } from "../errors.ts";
import type { Clock } from "../ports.ts";

/** By how much a deadline may be late, so that the many of a busy instance share a few timers. */
const STEP_MS = 250;

/**
 * The time of this machine. A deadline never comes early and at most a quarter of a second late; all that are alike within
 * a quarter are one signal. One for each event would keep a timer, and whatever listens to it, for minutes after a review
 * that took a moment.
 */
export function createClock(): Clock {
  const deadlines = new Map<string, AbortSignal>();

  function open(key: string, step: number, milliseconds: number): AbortSignal {
    const limit = new AbortController();
    const pass = () => {
      deadlines.delete(key);
      limit.abort(new VoucherError("timeout", tooLong(milliseconds), { retryable: true }));
    };
    setTimeout(pass, Math.ceil(step * STEP_MS - performance.now())).unref();
    deadlines.set(key, limit.signal);
    return limit.signal;
  }

  return {
    now: () => new Date(),
    deadline(milliseconds) {
      const step = Math.ceil((performance.now() + milliseconds) / STEP_MS);
      const key = `${step} ${milliseconds}`;
      return deadlines.get(key) ?? open(key, step, milliseconds);
    },
  };
}

function tooLong(milliseconds: number): string {
  const setting = "limits.timeout_seconds (pubsub.timeout, where a subscription is pulled) allows more";
  return `the review was not done within ${milliseconds / 1000} s; ${setting}`;
}
