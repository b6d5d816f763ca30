import { describe, expect, it } from "vitest";
import { randomFrom } from "./random.ts";
import { createScheduler } from "./scheduler.ts";

const schedulerOf = (seed: number, mostSteps?: number) =>
  createScheduler({ random: randomFrom(seed, "test"), ...(mostSteps === undefined ? {} : { mostSteps }) });

describe("steps of the simulated world", () => {
  it("are taken in the order of virtual time, which takes no real time", async () => {
    const scheduler = schedulerOf(1);
    const taken: string[] = [];
    const began = performance.now();
    for (const hours of [7, 1, 4]) {
      const step = () => taken.push(`${hours} at ${scheduler.now()}`);
      scheduler.after(hours * 3_600_000, () => "an hour", step);
    }
    await scheduler.run();
    expect(taken).toEqual(["1 at 3600000", "4 at 14400000", "7 at 25200000"]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("of one moment are ordered by the seed", async () => {
    const orderOf = async (seed: number) => {
      const scheduler = schedulerOf(seed);
      const taken: number[] = [];
      for (const step of [1, 2, 3, 4, 5, 6]) {
        scheduler.after(
          10,
          () => "a step",
          () => taken.push(step),
        );
      }
      await scheduler.run();
      return taken.join("");
    };
    expect(await orderOf(1)).toBe(await orderOf(1));
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5]) orders.add(await orderOf(seed));
    expect(orders.size).toBeGreaterThan(1);
  });

  it("wait until every promise that can go on has gone on", async () => {
    const scheduler = schedulerOf(1);
    const seen: string[] = [];
    async function program() {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      seen.push("the program went on");
    }
    scheduler.after(
      0,
      () => "first",
      () => void program(),
    );
    scheduler.after(
      1,
      () => "second",
      () => seen.push("the next step"),
    );
    await scheduler.run();
    expect(seen).toEqual(["the program went on", "the next step"]);
  });

  it("end at once where a promise is found broken, wherever that is found", async () => {
    const scheduler = schedulerOf(1);
    scheduler.after(
      0,
      () => "first",
      () => scheduler.fail("nothing holds it"),
    );
    scheduler.after(
      1,
      () => "second",
      () => scheduler.fail("too late"),
    );
    await expect(scheduler.run()).rejects.toThrow("nothing holds it");
    expect(scheduler.steps()).toBe(1);
  });

  it("must come to an end", async () => {
    const scheduler = schedulerOf(1, 100);
    const again = () => scheduler.after(1, () => "again", again);
    again();
    await expect(scheduler.run()).rejects.toThrow("still not quiet after 100 steps");
  });
});
