import { describe, expect, it } from "vitest";
import { loadOnce, once, onceEach } from "../lib/once.ts";

/** Returns 1, 2, 3, …; what `spoil` says of a number is thrown. */
function counting(spoil: (count: number) => boolean = () => false): () => number {
  let count = 0;
  return () => {
    count += 1;
    if (spoil(count)) throw new Error(String(count));
    return count;
  };
}

describe("what is made once", () => {
  it("is kept, undefined too", () => {
    let calls = 0;
    const nothing = once(() => {
      calls += 1;
    });
    nothing();
    nothing();
    expect(calls).toBe(1);
  });

  it("is tried again where making it threw", () => {
    const make = once(counting((count) => count === 1));
    expect(make).toThrow("1");
    expect([make(), make()]).toEqual([2, 2]);
  });

  it("is a failure for everybody where it is a promise that fails", async () => {
    const count = counting((one) => one === 1);
    const make = once(async () => count());
    await expect(make()).rejects.toThrow("1");
    await expect(make()).rejects.toThrow("1");
  });

  it("is another one for each key", () => {
    const each = onceEach<number>();
    const count = counting();
    expect([each("a", count), each("b", count), each("a", count)]).toEqual([1, 2, 1]);
  });
});

describe("what is loaded once", () => {
  it("is loaded for all who ask meanwhile, and kept", async () => {
    const count = counting();
    const load = loadOnce(async () => count());
    expect(await Promise.all([load(), load()])).toEqual([1, 1]);
    expect(await load()).toBe(1);
  });

  it("is loaded again by whoever asks after a failure", async () => {
    const count = counting((one) => one === 1);
    const load = loadOnce(async () => count());
    await expect(load()).rejects.toThrow("1");
    expect([await load(), await load()]).toEqual([2, 2]);
  });

  it("is given out and loaded again where it was not whole", async () => {
    const count = counting();
    const load = loadOnce(
      async () => count(),
      (one) => one > 1,
    );
    expect([await load(), await load(), await load()]).toEqual([1, 2, 2]);
  });
});
