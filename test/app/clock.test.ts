import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createClock } from "../../lib/app/clock.ts";
import { VoucherError } from "../../lib/errors.ts";
import { abandoned } from "../../lib/retry.ts";

describe("a deadline", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("passes no sooner than was said, and at most a quarter of a second later", () => {
    const clock = createClock();
    vi.advanceTimersByTime(1_234);
    const deadline = clock.deadline(60_000);

    vi.advanceTimersByTime(59_999);
    const early = deadline.aborted;
    vi.advanceTimersByTime(251);

    expect([early, deadline.aborted]).toEqual([false, true]);
  });

  it("means, once it passed, that what it ended may be tried again", () => {
    const deadline = createClock().deadline(1_000);

    vi.advanceTimersByTime(1_250);

    const error = abandoned(deadline);
    expect(error).toBeInstanceOf(VoucherError);
    expect([error.code, error.retryable]).toEqual(["timeout", true]);
    expect(error.message).toContain("within 1 s; limits.timeout_seconds");
  });

  it("shares its timer with others of the same moment, so that thousands of events leave few behind", () => {
    const clock = createClock();

    for (let event = 0; event < 2_000; event += 1) {
      clock.deadline(240_000);
      if (event % 2 === 0) vi.advanceTimersByTime(1);
    }

    expect(vi.getTimerCount()).toBeLessThan(10);
  });

  it("is another one for who starts after it passed", () => {
    const clock = createClock();
    const first = clock.deadline(100);
    vi.advanceTimersByTime(500);

    const second = clock.deadline(100);

    expect([first.aborted, second.aborted]).toEqual([true, false]);
  });
});
