import type { PubSub } from "@google-cloud/pubsub";
import { VoucherError } from "../errors.ts";
import type { Message, Publisher, Topic } from "../ports.ts";
import { untilAborted } from "../retry.ts";
import { connect } from "./connect.ts";
import { toVoucherError } from "./failure.ts";

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
      client ??= connect(emulator).then((connected) => connected.client);
      const published = client.then((pubsub) => send(pubsub, name, message));
      await untilAborted(published, signal);
    },
  };
}

async function send(client: PubSub, name: string, { data, attributes }: Message): Promise<void> {
  const topic = client.topic(name, { batching: { maxMessages: 1 } });
  try {
    await topic.publishMessage({ data: Buffer.from(data), attributes: { ...attributes } });
  } catch (cause) {
    throw toVoucherError(cause, {
      name,
      complaint: "did not accept a message on",
      role: "roles/pubsub.publisher",
    });
  }
}
