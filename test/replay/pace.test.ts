import { describe, expect, it } from "vitest";
import { createPace } from "../../lib/replay/pace.ts";

const going = new AbortController().signal;

describe("the pace of a replay", () => {
  it("is held, however many begin at once", async () => {
    const pace = createPace(100);
    const started = performance.now();

    await Promise.all(Array.from({ length: 21 }, () => pace(going)));

    // Twenty pauses of ten milliseconds lie between them.
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
  });

  it("lets the first begin at once, and saves no turns up", async () => {
    let time = 0;
    const pace = createPace(1, () => time);
    await pace(going);
    time = 10_000;
    await pace(going);

    const started = performance.now();
    await pace(AbortSignal.timeout(50)); // its turn is a second away

    expect(performance.now() - started).toBeGreaterThanOrEqual(45);
  });

  it("holds nothing back where none is given", async () => {
    const pace = createPace(undefined);
    const started = performance.now();
    for (let at = 0; at < 1_000; at += 1) await pace(going);

    expect(performance.now() - started).toBeLessThan(200);
  });

  it("ends waiting at once where it is stopped", async () => {
    const pace = createPace(0.01);
    await pace(going);
    const stop = new AbortController();
    const waiting = pace(stop.signal);
    stop.abort();

    await expect(waiting).resolves.toBeUndefined();
  });
});
