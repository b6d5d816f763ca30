import { describe, expect, it } from "vitest";
import { VoucherError } from "../lib/errors.ts";
import { abandoned, parseRetryAfter, RetryLater, retry, timeLimit } from "../lib/retry.ts";

const { signal } = new AbortController();
const QUICK = { signal, unit: 1 };

function passing(): VoucherError {
  return new VoucherError("network", "it broke off", { retryable: true });
}

/** A call that fails with each of `failures` in turn, and then succeeds. */
function failing(...failures: readonly Error[]) {
  const left = [...failures];
  const calls: number[] = [];
  const call = async () => {
    calls.push(performance.now());
    const failure = left.shift();
    if (failure !== undefined) throw failure;
    return "done";
  };
  return { call, calls };
}

describe("a call that fails for the moment", () => {
  it("is repeated until it succeeds", async () => {
    const { call, calls } = failing(passing(), passing(), passing());

    await expect(retry(call, QUICK)).resolves.toBe("done");
    expect(calls).toHaveLength(4);
  });

  it("is tried four times and no more, and its last failure is thrown", async () => {
    const last = new VoucherError("timeout", "the last", { retryable: true });
    const { call, calls } = failing(passing(), passing(), passing(), last);

    await expect(retry(call, QUICK)).rejects.toBe(last);
    expect(calls).toHaveLength(4);
  });

  it("backs off with full jitter: by a random part of a ceiling that doubles", async () => {
    const { call, calls } = failing(passing(), passing());

    await retry(call, { signal, unit: 40, random: () => 0.99 });

    const [first = 0, second = 0, third = 0] = calls;
    expect(second - first).toBeGreaterThanOrEqual(38);
    expect(third - second).toBeGreaterThanOrEqual(77);
  });

  it("is repeated at once where chance says so", async () => {
    const { call, calls } = failing(passing(), passing(), passing());

    await retry(call, { signal, unit: 10_000, random: () => 0 });

    expect((calls[3] ?? Number.POSITIVE_INFINITY) - (calls[0] ?? 0)).toBeLessThan(1000);
  });

  it("waits as long as the server asks for, where that is longer", async () => {
    const { call, calls } = failing(new RetryLater("unavailable", "busy", { after: 60 }));

    await retry(call, { signal, unit: 1, random: () => 0 });

    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(58);
  });
});

describe("a call that fails for good", () => {
  it.each([
    ["a permanent fault", new VoucherError("not-found", "gone")],
    ["an error of another kind", new Error("a slip")],
    ["a slip in our own code", new TypeError("x is not a function")],
  ])("is not repeated: %s", async (_, failure) => {
    const { call, calls } = failing(failure);

    await expect(retry(call, QUICK)).rejects.toBe(failure);
    expect(calls).toHaveLength(1);
  });
});

describe("an aborted signal", () => {
  it("ends the waiting at once, and names the failure that was waited out", async () => {
    const controller = new AbortController();
    const { call, calls } = failing(new RetryLater("unavailable", "too busy", { after: 30_000 }));
    const start = performance.now();
    setTimeout(() => controller.abort(), 20);

    const trying = retry(call, { signal: controller.signal, unit: 1 });

    await expect(trying).rejects.toMatchObject({
      code: "cancelled",
      message: expect.stringContaining("too busy"),
    });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(calls).toHaveLength(1);
  });

  it("keeps the call from being made at all", async () => {
    const { call, calls } = failing();

    await expect(retry(call, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    expect(calls).toHaveLength(0);
  });

  it("means its own reason where that is a VoucherError", () => {
    const reason = new VoucherError("limit", "too much");
    expect(abandoned(AbortSignal.abort(reason))).toBe(reason);
  });

  it("means a deadline that passed, and may be tried again, where it timed out", async () => {
    const late = AbortSignal.timeout(1);
    await new Promise((aborted) => late.addEventListener("abort", aborted, { once: true }));
    expect(abandoned(late)).toMatchObject({ code: "timeout", retryable: true });
  });

  it("means what a time limit says, and what failed last before it passed", async () => {
    const limit = timeLimit(1, "it took more than 1 ms; allow more");
    await new Promise((aborted) => limit.addEventListener("abort", aborted, { once: true }));
    expect(abandoned(limit)).toMatchObject({
      code: "timeout",
      retryable: true,
      message: "it took more than 1 ms; allow more",
    });
    expect(abandoned(limit, new Error("HTTP 503")).message).toBe(
      "it took more than 1 ms; allow more; the last failure: HTTP 503",
    );
  });

  it("means that the caller gave up, everywhere else", () => {
    expect(abandoned(AbortSignal.abort())).toMatchObject({ code: "cancelled", retryable: false });
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2026-11-03T08:00:00Z");

  it.each([
    ["7", 7000],
    [" 0 ", 0],
    ["Tue, 03 Nov 2026 08:00:30 GMT", 30_000],
    ["Tuesday, 03-Nov-26 08:00:30 GMT", 30_000],
    ["Tue, 03 Nov 2026 07:00:00 GMT", 0],
    ["86400", 60_000],
    ["99999999999999999999", 60_000],
    ["Wed, 04 Nov 2026 08:00:00 GMT", 60_000],
  ])("%j is %d milliseconds", (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });

  it.each([
    [undefined],
    [""],
    ["soon"],
    ["-1"],
    ["1.5"],
    ["0x10"],
    ["2026-11-03T08:00:30Z"],
    ["Tue, the day after"],
  ])("%j means nothing", (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined();
  });
});
