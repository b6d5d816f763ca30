import type { PubSub } from "@google-cloud/pubsub";
import { VoucherError } from "../errors.ts";
import type { Message, Publisher, Topic } from "../ports.ts";
import { untilAborted } from "../retry.ts";

export interface PublisherOptions {
  /** Full names of the topics that are configured. */
  readonly topics: { readonly [topic in Topic]?: string | undefined };
  /** `host:port` of the emulator, where one stands in for Pub/Sub. */
  readonly emulator?: string | undefined;
}

/**
 * Publishes through Google's client, which is loaded on the first message. Nothing is held back to be sent in a batch: an
 * instance may lose its CPU once it has answered.
 */
export function createPublisher({ topics, emulator }: PublisherOptions): Publisher {
  let client: Promise<PubSub> | undefined;
  return {
    has: (topic) => topics[topic] !== undefined,
    async publish(topic, message, signal) {
      const name = topics[topic];
      if (name === undefined) throw new VoucherError("config", `no ${topic} topic is configured`);
      client ??= connect(emulator);
      const published = client.then((pubsub) => send(pubsub, name, message));
      await untilAborted(published, signal);
    },
  };
}

async function connect(emulator: string | undefined): Promise<PubSub> {
  const { PubSub } = (await import("@google-cloud/pubsub")).default;
  return new PubSub(
    emulator === undefined ? {} : { apiEndpoint: emulator, projectId: "local", emulatorMode: true },
  );
}

async function send(client: PubSub, name: string, { data, attributes }: Message): Promise<void> {
  const topic = client.topic(name, { batching: { maxMessages: 1 } });
  try {
    await topic.publishMessage({ data: Buffer.from(data), attributes: { ...attributes } });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VoucherError("unavailable", `Pub/Sub did not accept a message on ${name}: ${why}`, {
      retryable: true,
      cause,
    });
  }
}
