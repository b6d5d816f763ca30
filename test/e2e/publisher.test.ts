import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Publisher, Topic } from "../../lib/ports.ts";
import { createPublisher } from "../../lib/pubsub/publisher.ts";
import { type PubSubEmulator, type PulledMessage, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { describeWith } from "../support/tools.ts";

const TOPIC = "projects/p/topics/t";
const message = (text: string, attributes: { readonly [name: string]: string } = {}) => ({
  data: Buffer.from(text),
  attributes,
});
const soon = () => AbortSignal.timeout(10_000);

/** Google's library looks for a metadata server even where it has an emulator. */
beforeAll(() => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
});

describeWith(["pubsub-emulator"], "a publisher", () => {
  let emulator: PubSubEmulator;
  let publisher: Publisher;
  let suite = 0;

  beforeAll(async () => {
    emulator = await startPubSubEmulator();
  });

  afterAll(async () => {
    await emulator?.close();
  });

  beforeEach(async () => {
    suite += 1;
    await emulator.createTopic(`verdicts-${suite}`);
    await emulator.createPullSubscription(`history-${suite}`, `verdicts-${suite}`);
    publisher = createPublisher({
      emulator: emulator.host,
      topics: {
        verdict: emulator.topicName(`verdicts-${suite}`),
        "dead-letter": emulator.topicName("never-made"),
      },
    });
  });

  /** What has arrived, once it is `count` messages. */
  async function arrived(count: number): Promise<readonly PulledMessage[]> {
    const messages: PulledMessage[] = [];
    await vi.waitFor(
      async () => {
        messages.push(...(await emulator.pull(`history-${suite}`)));
        expect(messages).toHaveLength(count);
      },
      { timeout: 5_000, interval: 20 },
    );
    return messages;
  }

  it("has the topics that are configured, and no other", () => {
    const topics: readonly Topic[] = ["push", "waiting", "dead-letter", "verdict"];

    expect(topics.filter((topic) => publisher.has(topic))).toEqual(["dead-letter", "verdict"]);
  });

  it("delivers a message with its attributes, byte for byte", async () => {
    const attributes = {
      "voucher-reason": "waited",
      "voucher-detail": "no scan in 60 minutes — für linux/arm64",
    };

    await publisher.publish("verdict", message('{"image":"ünïcode"}', attributes), soon());

    expect(await arrived(1)).toEqual([{ data: '{"image":"ünïcode"}', attributes }]);
  });

  it("has delivered a message when it returns, and holds none back for others to come", async () => {
    await publisher.publish("verdict", message("first"), soon());

    expect(await emulator.pull(`history-${suite}`)).toMatchObject([{ data: "first" }]);
  });

  it("delivers each of many messages at once", async () => {
    const texts = Array.from({ length: 50 }, (_, at) => `message ${at}`);

    await Promise.all(texts.map((text) => publisher.publish("verdict", message(text), soon())));

    const received = (await arrived(50)).map(({ data }) => data);
    expect(received.toSorted()).toEqual(texts.toSorted());
  });

  it("says that a topic does not exist, and which", async () => {
    const published = publisher.publish("dead-letter", message("lost"), soon());

    await expect(published).rejects.toMatchObject({ code: "not-found", retryable: false });
    await expect(published).rejects.toThrow(`${emulator.topicName("never-made")} does not exist`);
  });

  it("says that a topic is not configured", async () => {
    await expect(publisher.publish("waiting", message("lost"), soon())).rejects.toMatchObject({
      code: "config",
      message: "no waiting topic is configured",
    });
  });

  it("publishes nothing for a caller that has given up already", async () => {
    await expect(
      publisher.publish("verdict", message("unwanted"), AbortSignal.abort()),
    ).rejects.toMatchObject({
      code: "cancelled",
    });
    await publisher.publish("verdict", message("wanted"), soon());

    expect(await arrived(1)).toMatchObject([{ data: "wanted" }]);
  });
});

describe("a publisher whose Pub/Sub never answers", () => {
  let silent: Server;
  let host: string;

  beforeAll(async () => {
    silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(silent, "listening");
    host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    silent.close();
  });

  it("gives up as soon as its caller does", async () => {
    const publisher = createPublisher({ emulator: host, topics: { verdict: TOPIC }, longest: 1_000 });
    const started = performance.now();

    const published = publisher.publish("verdict", message("late"), AbortSignal.timeout(300));

    await expect(published).rejects.toMatchObject({ code: "timeout", retryable: true });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("gives up by itself, so that nothing is published long after it was wanted", async () => {
    const publisher = createPublisher({ emulator: host, topics: { verdict: TOPIC }, longest: 1_000 });

    const published = publisher.publish("verdict", message("late"), soon());

    await expect(published).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await expect(published).rejects.toThrow(TOPIC);
  });
});
