import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Envelope } from "../../lib/event/envelope.ts";
import { type Fate, type Pulled, pull, type SubscriberOptions } from "../../lib/pubsub/subscriber.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { describeWith } from "../support/tools.ts";

/** Google's library looks for a metadata server even where it has an emulator. */
beforeAll(() => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
});

/** A subscriber that runs beside a test. */
interface Running {
  readonly messages: readonly Envelope[];
  readonly texts: () => readonly string[];
  readonly entries: ReturnType<typeof recordingObserver>["entries"];
  stop(): Promise<Pulled>;
}

function start(
  options: Pick<SubscriberOptions, "subscription" | "emulator"> & Partial<SubscriberOptions>,
): Running {
  const observer = recordingObserver();
  const stop = new AbortController();
  const messages: Envelope[] = [];
  const { handle = async () => "acknowledge" as const, ...others } = options;
  const running = pull(
    {
      longest: 60_000,
      grace: 5_000,
      pause: 0,
      observer,
      handle: (message) => {
        messages.push(message);
        return handle(message);
      },
      ...others,
    },
    stop.signal,
  );
  // A test that fails before it stops the subscriber has told enough.
  running.catch(() => {});
  return {
    messages,
    texts: () => messages.map(({ data }) => Buffer.from(data).toString()),
    entries: observer.entries,
    stop() {
      stop.abort();
      return running;
    },
  };
}

describeWith(["pubsub-emulator"], "a subscriber", () => {
  let emulator: PubSubEmulator;
  let count = 0;
  let topic: string;
  let subscription: string;
  let subscriber: Running | undefined;

  beforeAll(async () => {
    emulator = await startPubSubEmulator();
  });

  afterAll(async () => {
    await emulator?.close();
  });

  beforeEach(async () => {
    count += 1;
    topic = `gcr-${count}`;
    await emulator.createTopic(topic);
    await emulator.createPullSubscription(`reviews-${count}`, topic);
    subscription = emulator.topicName(topic).replace(/topics.*/, `subscriptions/reviews-${count}`);
    return () => subscriber?.stop().then(() => {});
  });

  const subscribe = (options: Partial<SubscriberOptions> = {}) => {
    subscriber = start({ subscription, emulator: emulator.host, ...options });
    return subscriber;
  };

  it("hands over each message in its envelope, and has those that are done with acknowledged", async () => {
    const before = Date.now();
    const messageId = await emulator.publish(topic, "hello");
    const { messages, stop } = subscribe();
    await vi.waitFor(() => expect(messages).toHaveLength(1), 10_000);

    expect(await stop()).toEqual({ received: 1, acknowledged: 1, released: 0 });
    expect(messages[0]).toMatchObject({ messageId, attributes: {}, subscription });
    expect(Buffer.from(messages[0]?.data ?? []).toString()).toBe("hello");
    expect(messages[0]?.publishTime?.getTime()).toBeGreaterThan(before - 1_000);
    expect(messages[0]).not.toHaveProperty("deliveryAttempt");
    expect(await emulator.pull(`reviews-${count}`)).toEqual([]);
  });

  it("gets a message again that it released", async () => {
    const fates: Fate[] = ["release", "release", "acknowledge"];
    await emulator.publish(topic, "again");
    const { messages, stop } = subscribe({ handle: async () => fates.shift() ?? "acknowledge" });
    await vi.waitFor(() => expect(messages).toHaveLength(3), 10_000);

    expect(await stop()).toEqual({ received: 3, acknowledged: 1, released: 2 });
    expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(1);
  });

  it("keeps a message for a while before it releases it, so that it does not turn in circles", async () => {
    const at: number[] = [];
    await emulator.publish(topic, "again");
    const { stop } = subscribe({
      pause: 600,
      handle: async () => {
        at.push(Date.now());
        return at.length === 1 ? "release" : "acknowledge";
      },
    });
    await vi.waitFor(() => expect(at).toHaveLength(2), 10_000);
    await stop();

    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(590);
  });

  it("releases a message that cannot be handled, says so, and goes on", async () => {
    await emulator.publish(topic, "first");
    let calls = 0;
    const { messages, entries, stop } = subscribe({
      handle: async () => {
        calls += 1;
        if (calls === 1) throw new Error("out of order");
        return "acknowledge";
      },
    });
    await vi.waitFor(() => expect(messages).toHaveLength(2), 10_000);
    await stop();

    expect(entries).toContainEqual({
      severity: "ERROR",
      message: "message could not be handled",
      fields: { messageId: messages[0]?.messageId, error: new Error("out of order") },
    });
  });

  it("handles no more messages at once than it may, and all of them in the end", async () => {
    let active = 0;
    let most = 0;
    const sent = await Promise.all(Array.from({ length: 12 }, (_, at) => emulator.publish(topic, `m${at}`)));
    const { messages, stop } = subscribe({
      atOnce: 3,
      handle: async () => {
        active += 1;
        most = Math.max(most, active);
        await sleep(50);
        active -= 1;
        return "acknowledge";
      },
    });
    await vi.waitFor(
      () => expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(sent.length),
      15_000,
    );
    await stop();

    expect(most).toBe(3);
  });

  it("keeps a message's lease while it is handled, far beyond the subscription's deadline of ten seconds", async () => {
    await emulator.publish(topic, "slow");
    const { messages, stop } = subscribe({
      handle: async () => {
        await sleep(14_000);
        return "acknowledge";
      },
    });
    await vi.waitFor(() => expect(messages).toHaveLength(1), 10_000);
    await sleep(14_500);

    expect(await stop()).toEqual({ received: 1, acknowledged: 1, released: 0 });
    expect(await emulator.pull(`reviews-${count}`)).toEqual([]);
  }, 45_000);

  it("finishes what is in flight when it is stopped, and takes no more", async () => {
    const begun = Promise.withResolvers<void>();
    await emulator.publish(topic, "in flight");
    const { stop } = subscribe({
      handle: async () => {
        begun.resolve();
        await sleep(500);
        return "acknowledge";
      },
    });
    await begun.promise;

    const stopping = stop();
    await emulator.publish(topic, "too late");

    expect(await stopping).toEqual({ received: 1, acknowledged: 1, released: 0 });
    expect((await emulator.pull(`reviews-${count}`)).map(({ data }) => data)).toEqual(["too late"]);
  });

  it("gives back what has not begun when it is stopped, at once", async () => {
    const begun = Promise.withResolvers<void>();
    const texts = ["a", "b", "c", "d", "e"];
    for (const text of texts) await emulator.publish(topic, text);
    const first = subscribe({
      atOnce: 1,
      handle: async () => {
        begun.resolve();
        await sleep(400);
        return "acknowledge";
      },
    });
    await begun.promise;
    const started = performance.now();

    const { received, acknowledged, released } = await first.stop();

    expect(acknowledged).toBe(1);
    expect(received).toBe(acknowledged + released);
    expect(performance.now() - started).toBeLessThan(3_000);
    const second = subscribe();
    await vi.waitFor(() => expect([...first.texts(), ...second.texts()].toSorted()).toEqual(texts), 5_000);
  });

  it("gives back what is not finished in time after it was stopped", async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<Fate>();
    await emulator.publish(topic, "endless");
    const first = subscribe({
      grace: 1_500,
      handle: () => {
        begun.resolve();
        return end.promise;
      },
    });
    await begun.promise;
    const started = performance.now();

    expect(await first.stop()).toEqual({ received: 1, acknowledged: 0, released: 1 });

    expect(performance.now() - started).toBeLessThan(4_000);
    const second = subscribe();
    await vi.waitFor(() => expect(second.texts()).toEqual(["endless"]), 5_000);
    end.resolve("acknowledge");
  });

  it("that is stopped before it began takes nothing", async () => {
    await emulator.publish(topic, "untouched");
    const observer = recordingObserver();

    const pulled = await pull(
      {
        subscription,
        emulator: emulator.host,
        longest: 1_000,
        grace: 1_000,
        observer,
        handle: async () => "acknowledge",
      },
      AbortSignal.abort(),
    );

    expect(pulled.acknowledged).toBe(0);
    expect((await emulator.pull(`reviews-${count}`)).map(({ data }) => data)).toEqual(["untouched"]);
  });

  it("says that a subscription does not exist, and which", async () => {
    const missing = subscription.replace(/reviews-\d+/, "never-made");
    const observer = recordingObserver();
    const options = {
      subscription: missing,
      emulator: emulator.host,
      longest: 1_000,
      grace: 1_000,
      observer,
    };

    const pulled = pull({ ...options, handle: async () => "acknowledge" }, new AbortController().signal);

    await expect(pulled).rejects.toMatchObject({ code: "not-found", retryable: false });
    await expect(pulled).rejects.toThrow(`${missing} does not exist`);
  });
});

describe("a subscriber whose Pub/Sub cannot be reached", () => {
  it("goes on trying, and says so, until it is stopped", async () => {
    const subscriber = start({ subscription: "projects/p/subscriptions/s", emulator: "127.0.0.1:9" });

    await vi.waitFor(
      () => {
        const ends = subscriber.entries.filter(({ message }) => message === "Pub/Sub client reported");
        expect(ends.length).toBeGreaterThanOrEqual(2);
      },
      { timeout: 10_000, interval: 50 },
    );

    expect(await subscriber.stop()).toEqual({ received: 0, acknowledged: 0, released: 0 });
  });
});
