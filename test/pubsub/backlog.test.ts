import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { createBacklog } from "../../lib/pubsub/backlog.ts";
import type { Puller, Received } from "../../lib/pubsub/puller.ts";
import { recordingObserver } from "../support/fake-ports.ts";

const BEFORE = new Date("2026-11-25T12:00:00Z");
const EARLIER = new Date("2026-11-25T11:00:00Z");

function message(messageId: string, more: { ackId?: string; publishTime?: Date } = {}): Received {
  const { ackId = `ack ${messageId}`, publishTime = EARLIER } = more;
  return { ackId, envelope: { messageId, data: Buffer.from(messageId), attributes: {}, publishTime } };
}

type Answer = readonly Received[] | VoucherError;

/** A subscription that answers each pull with the next of `answers`, and then with nothing. */
function subscription(answers: readonly Answer[], options: { readonly faults?: VoucherError } = {}) {
  const left = [...answers];
  const late: { readonly answer: Answer; readonly milliseconds: number }[] = [];
  const calls: string[] = [];
  const puller: Puller = {
    async pull(milliseconds) {
      calls.push("pull");
      const after = late.shift();
      if (after !== undefined) await sleep(after.milliseconds);
      const answer = after?.answer ?? left.shift();
      if (answer instanceof VoucherError) throw answer;
      if (answer === undefined || answer.length === 0) await sleep(Math.min(milliseconds, 20));
      return answer ?? [];
    },
    async acknowledge(ackIds) {
      calls.push(`ack ${ackIds.join()}`);
      if (options.faults !== undefined) throw options.faults;
    },
    async keep(ackIds, seconds) {
      if (ackIds.length > 0) calls.push(`keep ${ackIds.join()} for ${seconds}`);
      if (options.faults !== undefined) throw options.faults;
    },
    close: async () => void calls.push("close"),
  };
  const observer = recordingObserver();
  const backlog = createBacklog({
    connect: async () => puller,
    publishedBefore: BEFORE,
    observer,
    quiet: 100,
    lease: 60,
  });
  return {
    backlog,
    calls,
    observer,
    /** Has the next pull answered with this, after a while. */
    answer: (answer: Answer, milliseconds: number) => void late.push({ answer, milliseconds }),
  };
}

async function idsOf({ backlog }: ReturnType<typeof subscription>, acknowledging = false) {
  const ids: string[] = [];
  for await (const { envelope, acknowledge } of backlog.messages(new AbortController().signal)) {
    ids.push(envelope.messageId);
    if (acknowledging) await acknowledge();
  }
  return ids;
}

describe("the backlog of a subscription", () => {
  it("is every message that comes before it is quiet for a while", async () => {
    const own = subscription([[message("1")], [], [message("2"), message("3")], [], [message("4")]]);

    expect(await idsOf(own)).toEqual(["1", "2", "3", "4"]);
  });

  it("is not ended by time that whoever takes its messages needs", async () => {
    const own = subscription([[message("1")], [message("2")]]);
    const ids: string[] = [];
    for await (const { envelope } of own.backlog.messages(new AbortController().signal)) {
      ids.push(envelope.messageId);
      await sleep(150);
    }

    expect(ids).toEqual(["1", "2"]);
  });

  it("has each message once, however often it is delivered, and acknowledges the latest delivery", async () => {
    const own = subscription([
      [message("1"), message("1", { ackId: "again" })],
      [message("1", { ackId: "last" })],
    ]);
    const taken: (() => Promise<void>)[] = [];
    for await (const { acknowledge } of own.backlog.messages(new AbortController().signal))
      taken.push(acknowledge);
    await taken[0]?.();

    expect(taken).toHaveLength(1);
    expect(own.calls.filter((call) => call.startsWith("ack"))).toEqual(["ack last"]);
  });

  it("leaves to others what was published later, holds it meanwhile, and does not wait for it to end", async () => {
    const late = message("late", { publishTime: BEFORE });
    const endless = Array.from({ length: 500 }, (_, at) => [{ ...late, ackId: `late ${at}` }]);
    const own = subscription([[message("1"), late], ...endless]);

    expect(await idsOf(own)).toEqual(["1"]);
    expect(own.calls).toContain("keep ack 1,ack late for 60");
  });

  it("is held as soon as it comes, and let go of at the end but for what was acknowledged", async () => {
    const own = subscription([[message("1"), message("2")]]);
    const all = own.backlog.messages(new AbortController().signal);
    for await (const { envelope, acknowledge } of all) if (envelope.messageId === "1") await acknowledge();
    await own.backlog.release();

    const calls = own.calls.filter((call) => call !== "pull");
    expect(calls).toEqual(["keep ack 1,ack 2 for 60", "ack ack 1", "keep ack 2 for 0", "close"]);
  });

  it("acknowledges at once what comes again after it was done", async () => {
    const own = subscription([[message("1")], [message("1", { ackId: "again" })], [message("2")]]);

    expect(await idsOf(own, true)).toEqual(["1", "2"]);
    expect(own.calls).toContain("ack again");
  });

  it("waits out what passes", async () => {
    const busy = new VoucherError("unavailable", "busy", { retryable: true });

    expect(await idsOf(subscription([busy, [message("1")], busy, busy, [message("2")]]))).toEqual(["1", "2"]);
  });

  it("throws what does not", async () => {
    const gone = new VoucherError("not-found", "the subscription does not exist");

    await expect(idsOf(subscription([gone]))).rejects.toThrow("does not exist");
  });

  it("ends soon where it is stopped", async () => {
    const stop = new AbortController();
    const { backlog } = subscription([[message("1"), message("2")]]);
    const ids: string[] = [];
    for await (const { envelope } of backlog.messages(stop.signal)) {
      ids.push(envelope.messageId);
      stop.abort();
    }

    expect(ids).toEqual(["1"]);
  });

  it("lets go of what a pull brings that was under way when it was stopped", async () => {
    const own = subscription([[message("1")]]);
    const stop = new AbortController();
    for await (const _ of own.backlog.messages(stop.signal)) {
      own.answer([message("late")], 30);
      setTimeout(() => stop.abort(), 10);
    }
    await own.backlog.release();

    const calls = own.calls.filter((call) => call !== "pull");
    expect(calls).toEqual([
      "keep ack 1 for 60",
      "keep ack late for 60",
      "keep ack 1,ack late for 0",
      "close",
    ]);
  });

  it("goes on where a message can be neither held nor acknowledged, and says so", async () => {
    const faults = new VoucherError("unavailable", "busy", { retryable: true });
    const own = subscription([[message("1")]], { faults });

    expect(await idsOf(own, true)).toEqual(["1"]);
    await own.backlog.release();
    expect(own.observer.entries.map(({ severity, message: said }) => [severity, said])).toEqual([
      ["INFO", "messages could not be kept"],
      ["WARNING", "a message is done with and could not be acknowledged"],
    ]);
  });

  it("asks for nothing where nobody takes its messages", async () => {
    const { backlog, calls } = subscription([[message("1")]]);
    await backlog.release();

    expect(calls).toEqual([]);
  });
});
