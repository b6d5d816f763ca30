import type { PubSub, Topic as PubSubTopic } from "@google-cloud/pubsub";
import { VoucherError } from "../errors.ts";
import type { Message, Publisher, Topic } from "../ports.ts";
import { abandoned, untilAborted } from "../retry.ts";
import { connect } from "./connect.ts";
import { toVoucherError } from "./failure.ts";

export interface PublisherOptions {
  /** Full names of the topics that are configured. */
  readonly topics: { readonly [topic in Topic]?: string | undefined };
  /** `host:port` of the emulator, where one stands in for Pub/Sub. */
  readonly emulator?: string | undefined;
  /** How long a message is tried at most, in milliseconds. */
  readonly longest?: number;
  /** Told of each message that is sent. */
  readonly onRequest?: () => void;
}

/**
 * Google's client by itself tries for ten minutes, long after whoever waited has given up and Pub/Sub has delivered the event
 * again.
 */
const LONGEST_MS = 20_000;

/**
 * Publishes through Google's client, which is loaded on the first message. Nothing is held back to be sent in a batch: an
 * instance may lose its CPU once it has answered.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const { topics, emulator, longest = LONGEST_MS, onRequest } = options;
  let client: Promise<PubSub> | undefined;
  return {
    has: (topic) => topics[topic] !== undefined,
    async publish(topic, message, signal) {
      const name = topics[topic];
      if (name === undefined) throw new VoucherError("config", `no ${topic} topic is configured`);
      client ??= connect(emulator).then((connected) => connected.client);
      const published = client.then((pubsub) => {
        if (signal.aborted) throw abandoned(signal);
        onRequest?.();
        return send(topicOf(pubsub, name, longest), message);
      });
      await untilAborted(published, signal);
    },
  };
}

function topicOf(client: PubSub, name: string, longest: number): PubSubTopic {
  const backoffSettings = {
    initialRetryDelayMillis: 100,
    retryDelayMultiplier: 2,
    maxRetryDelayMillis: 2_000,
    initialRpcTimeoutMillis: Math.min(5_000, longest),
    rpcTimeoutMultiplier: 2,
    maxRpcTimeoutMillis: longest,
    totalTimeoutMillis: longest,
  };
  return client.topic(name, { batching: { maxMessages: 1 }, gaxOpts: { retry: { backoffSettings } } });
}

async function send(topic: PubSubTopic, { data, attributes }: Message): Promise<void> {
  try {
    await topic.publishMessage({ data: Buffer.from(data), attributes: { ...attributes } });
  } catch (cause) {
    throw toVoucherError(cause, {
      name: topic.name,
      complaint: "did not accept a message on",
      role: "roles/pubsub.publisher",
    });
  }
}
