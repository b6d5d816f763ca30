import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLeases } from "../../lib/pubsub/leases.ts";
import { recordingObserver } from "../support/fake-ports.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function leasing() {
  const kept: (readonly [count: number, seconds: number])[] = [];
  const leases = createLeases(
    {
      acknowledge: async () => {},
      keep: async (ackIds, seconds) => void kept.push([ackIds.length, seconds]),
    },
    { seconds: 60, observer: recordingObserver() },
  );
  return { leases, kept };
}

const messages = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    ackId: `ack ${at}`,
    envelope: { messageId: `${at}`, data: new Uint8Array(), attributes: {} },
  }));

describe("messages that are held", () => {
  it("stay so for as long as it takes, until they are let go of", async () => {
    const { leases, kept } = leasing();
    await leases.hold(messages(3));
    await leases.acknowledge("1");

    await vi.advanceTimersByTimeAsync(61_000);
    expect(kept).toEqual([
      [3, 60],
      [2, 60],
      [2, 60],
      [2, 60],
    ]);
    await leases.release();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(kept.slice(4)).toEqual([[2, 0]]);
  });

  it("are asked for in requests that are not too long", async () => {
    const { leases, kept } = leasing();
    await leases.hold(messages(2_500));
    await leases.release();

    expect(kept.map(([count]) => count)).toEqual([1000, 1000, 500, 1000, 1000, 500]);
  });
});
