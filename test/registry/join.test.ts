import { describe, expect, it } from "vitest";
import { Joined } from "../../lib/registry/join.ts";

/** A call that ends when the test says so. */
function pendingCall() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const call = (signal: AbortSignal) => {
    signals.push(signal);
    return promise;
  };
  return { call, signals, resolve, reject };
}

describe("callers that want the same at the same time", () => {
  const { signal } = new AbortController();

  it("share one call", async () => {
    const joined = new Joined<string>();
    const { call, signals, resolve } = pendingCall();

    const both = Promise.all([joined.run("a", call, signal), joined.run("a", call, signal)]);
    resolve("answer");

    await expect(both).resolves.toEqual(["answer", "answer"]);
    expect(signals).toHaveLength(1);
  });

  it("share its failure too, and the next caller starts anew", async () => {
    const joined = new Joined<string>();
    const { call, reject } = pendingCall();
    const both = Promise.allSettled([joined.run("a", call, signal), joined.run("a", call, signal)]);
    reject(new Error("broken"));

    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(joined.run("a", async () => "anew", signal)).resolves.toBe("anew");
  });

  it("do not share calls for different things", async () => {
    const joined = new Joined<string>();
    await expect(
      Promise.all([joined.run("a", async () => "a", signal), joined.run("b", async () => "b", signal)]),
    ).resolves.toEqual(["a", "b"]);
  });

  it("may leave alone: the others get their answer", async () => {
    const joined = new Joined<string>();
    const leaving = new AbortController();
    const { call, signals, resolve } = pendingCall();
    const left = joined.run("a", call, leaving.signal);
    const stayed = joined.run("a", call, signal);

    leaving.abort();

    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    expect(signals[0]?.aborted).toBe(false);
    resolve("answer");
    await expect(stayed).resolves.toBe("answer");
  });

  it("abort the call when the last one leaves, and a later caller starts anew", async () => {
    const joined = new Joined<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    const { call, signals, reject } = pendingCall();
    const left = Promise.allSettled([
      joined.run("a", call, first.signal),
      joined.run("a", call, second.signal),
    ]);

    first.abort();
    second.abort();
    await left;

    expect(signals[0]?.aborted).toBe(true);
    await expect(joined.run("a", async () => "anew", signal)).resolves.toBe("anew");
    reject(new Error("torn down, and nobody is there to hear it"));
  });

  it("does not start a call for somebody who has left already", async () => {
    const { call, signals } = pendingCall();
    await expect(new Joined<string>().run("a", call, AbortSignal.abort())).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(signals).toHaveLength(0);
  });
});
