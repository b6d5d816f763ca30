import type { Envelope } from "../../lib/event/envelope.ts";
import { pull } from "../../lib/pubsub/subscriber.ts";
import { post } from "../support/function-process.ts";
import type { PubSubEmulator } from "../support/pubsub-emulator.ts";

export interface BridgeOptions {
  readonly pubsub: PubSubEmulator;
  readonly subscription: string;
  /** Deliveries at once. */
  readonly atOnce: number;
  /** Hands a message over; returns the status that it is answered with. Only 204 acknowledges it. */
  readonly deliver: (message: Envelope) => Promise<number>;
}

/** What pulls from Pub/Sub and pushes to instances, until it is stopped. */
export interface Bridge {
  stop(): Promise<void>;
}

const LONGEST_MS = 300_000;
const GRACE_MS = 5_000;
const PAUSE_MS = 500;

/**
 * Delivers what the emulator has, many at once. The emulator's own pushing takes one message at a time, and lets a
 * subscription rest for minutes once much of it was refused.
 */
export function startBridge({ pubsub, subscription, atOnce, deliver }: BridgeOptions): Bridge {
  const stop = new AbortController();
  const over = pull(
    {
      subscription: pubsub.subscriptionName(subscription),
      emulator: pubsub.host,
      atOnce,
      longest: LONGEST_MS,
      grace: GRACE_MS,
      pause: PAUSE_MS,
      observer: { record: () => undefined },
      handle: async (message) => ((await deliver(message)) === 204 ? "acknowledge" : "release"),
    },
    stop.signal,
  );
  return {
    async stop() {
      stop.abort();
      await over;
    },
  };
}

/** Pushes a message as Pub/Sub does; returns the status of the answer. */
export function pushTo(
  to: { readonly url: string },
  { data, attributes, messageId, publishTime, subscription, deliveryAttempt }: Envelope,
): Promise<number> {
  const message = { data: Buffer.from(data).toString("base64"), attributes, messageId, publishTime };
  return post(to, JSON.stringify({ message, subscription, deliveryAttempt }));
}
