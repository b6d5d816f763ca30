import { setTimeout as pause } from "node:timers/promises";
import pRetry from "p-retry";
import { VoucherError } from "./errors.ts";

/** The longest time, in milliseconds, that a server's `Retry-After` is believed. */
const LONGEST_WAIT = 60_000;
const LONGEST_BACK_OFF = 10_000;

/** A passing failure of a server that said when it wants to be asked again. */
export class RetryLater extends VoucherError {
  /** Milliseconds to wait, at most a minute. */
  readonly after: number;

  constructor(code: VoucherError["code"], message: string, options: { after: number; cause?: unknown }) {
    super(code, message, { retryable: true, cause: options.cause });
    this.after = Math.min(options.after, LONGEST_WAIT);
  }
}

/** What lies between two tries: time that passes, and chance. Real ones unless a test brings its own. */
export interface Pace {
  /** Returns after `milliseconds`; throws as soon as `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

export interface RetryOptions extends Partial<Pace> {
  /** Ends waiting and trying at once. */
  readonly signal: AbortSignal;
  /** How often to call at most. */
  readonly tries?: number;
  /** The longest first back-off, in milliseconds; it doubles from try to try. */
  readonly unit?: number;
}

const REAL: Pace = {
  sleep: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
  random: Math.random,
};

/**
 * Returns what `call` returns; repeats it while it throws a VoucherError that is `retryable`. Between tries it backs off
 * exponentially with full jitter, or as long as the server asked for ({@link RetryLater}), whichever is longer.
 *
 * Throws the last failure, or what {@link abandoned} makes of an aborted `signal`.
 */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, tries = 4, unit = 500, sleep = REAL.sleep, random = REAL.random } = options;
  let last: unknown;
  try {
    return await pRetry(call, {
      retries: tries - 1,
      minTimeout: 0,
      signal,
      shouldRetry: ({ error }) => isPassing(error),
      async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
        last = error;
        if (retriesLeft === 0 || !isPassing(error)) return;
        const ceiling = Math.min(unit * 2 ** (attemptNumber - 1), LONGEST_BACK_OFF);
        const asked = error instanceof RetryLater ? error.after : 0;
        await sleep(Math.max(asked, random() * ceiling), signal);
      },
    });
  } catch (thrown) {
    throw signal.aborted ? abandoned(signal, last) : thrown;
  }
}

/** A signal that aborts after `milliseconds`, with a `timeout` that says `message`: what took so long, and what allows more. */
export function timeLimit(milliseconds: number, message: string): AbortSignal {
  const limit = new AbortController();
  const late = () => limit.abort(new VoucherError("timeout", message, { retryable: true }));
  setTimeout(late, milliseconds).unref();
  return limit.signal;
}

/**
 * What an aborted `signal` means: its reason where that is a VoucherError, `timeout` for a deadline that passed,
 * `cancelled` for everything else. `last` is the failure that was being waited out, where there was one.
 */
export function abandoned(signal: AbortSignal, last?: unknown): VoucherError {
  const reason: unknown = signal.reason;
  const after = last instanceof Error && last !== reason ? `; the last failure: ${last.message}` : "";
  if (reason instanceof VoucherError) {
    if (reason.code !== "timeout" || after === "") return reason;
    return new VoucherError("timeout", `${reason.message}${after}`, { retryable: true, cause: last });
  }
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new VoucherError("timeout", `the deadline passed${after}`, {
      retryable: true,
      cause: last ?? reason,
    });
  }
  return new VoucherError("cancelled", `it was cancelled${after}`, { cause: last ?? reason });
}

/** Returns what `promise` returns; throws {@link abandoned} as soon as `signal` aborts, whatever `promise` does then. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abandoned(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date. Returns milliseconds from `now` on, at
 * most a minute; `undefined` for a header that is missing or means nothing.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_WAIT);
  // Only the three forms of an HTTP date begin with a weekday; Date.parse would read much else.
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), LONGEST_WAIT);
}

function isPassing(error: unknown): boolean {
  return error instanceof VoucherError && error.retryable;
}
