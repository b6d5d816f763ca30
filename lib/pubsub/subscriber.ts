import { setTimeout as sleep } from "node:timers/promises";
import type { Message, Subscription } from "@google-cloud/pubsub";
import pLimit from "p-limit";
import type { Envelope } from "../event/envelope.ts";
import type { Log } from "../ports.ts";
import { connect } from "./connect.ts";
import { toEnvelope } from "./envelope.ts";
import { toVoucherError } from "./failure.ts";

/** What becomes of a message: it is done with, or it is to be delivered again. */
export type Fate = "acknowledge" | "release";

export interface SubscriberOptions {
  /** The full name of the subscription. */
  readonly subscription: string;
  /** Handles one message; what it throws is logged, and releases the message. */
  readonly handle: (message: Envelope) => Promise<Fate>;
  /** The longest time that a message may take to handle, in milliseconds; so long its lease is extended. */
  readonly longest: number;
  /** How long what is in flight may take to be finished after the stop, in milliseconds; what is not then is released. */
  readonly grace: number;
  readonly observer: Log;
  /** `host:port` of the emulator, where one stands in for Pub/Sub. */
  readonly emulator?: string | undefined;
  /** Messages that are handled at once. */
  readonly atOnce?: number;
  /**
   * How long a message is kept before it is released, in milliseconds: a subscription without a retry policy delivers it
   * again at once, and whoever it failed at needs a rest.
   */
  readonly pause?: number;
}

/** What was pulled, and what became of it. */
export interface Pulled {
  readonly received: number;
  readonly acknowledged: number;
  readonly released: number;
}

const AT_ONCE = 10;
const PAUSE_MS = 5_000;

/**
 * Pulls messages until `stop` aborts: then takes no more, and returns when each that was in flight is finished or released.
 * While Pub/Sub cannot be reached it goes on trying. Throws `not-found`, `forbidden` or `unauthorized` where the subscription
 * cannot be pulled from.
 */
export async function pull(options: SubscriberOptions, stop: AbortSignal): Promise<Pulled> {
  const { subscription: name, handle, observer, atOnce = AT_ONCE, pause = PAUSE_MS } = options;
  const turn = pLimit(atOnce);
  const waiting = new Set<Message>();
  const counts = { received: 0, acknowledged: 0 };

  /** Never throws. */
  async function fateOf(message: Message): Promise<Fate> {
    try {
      return await handle(toEnvelope(message, name));
    } catch (error) {
      observer.record("ERROR", "message could not be handled", { messageId: message.id, error });
      return "release";
    }
  }

  /** Never throws. */
  async function take(message: Message): Promise<void> {
    counts.received += 1;
    if (stop.aborted) {
      message.nack();
      return;
    }
    waiting.add(message);
    await turn(async () => {
      if (!waiting.delete(message)) return;
      if ((await fateOf(message)) === "acknowledge") {
        counts.acknowledged += 1;
        message.ack();
        return;
      }
      await sleep(pause, undefined, { signal: stop }).catch(() => {});
      message.nack();
    });
  }

  const failed = Promise.withResolvers<never>();
  const stopped = Promise.withResolvers<void>();
  const onStop = () => stopped.resolve();
  stop.addEventListener("abort", onStop, { once: true });
  if (stop.aborted) onStop();

  const { library, client } = await connect(options.emulator);
  const subscription: Subscription = client.subscription(name, {
    // One stream, so that the server itself holds back what is more than we handle, and others can have it.
    flowControl: { maxMessages: atOnce },
    streamingOptions: { maxStreams: 1 },
    maxExtensionTime: library.Duration.from({ milliseconds: options.longest + pause }),
    closeOptions: {
      behavior: library.SubscriptionCloseBehaviors.WaitForProcessing,
      timeout: library.Duration.from({ milliseconds: options.grace }),
    },
  });
  subscription.on("error", failed.reject);
  // Mostly that a stream ended, as each does after a while; Google's client opens it again by itself, with back-off.
  subscription.on("debug", ({ message, error }) =>
    observer.record("INFO", "Pub/Sub client reported", { subscription: name, detail: message, error }),
  );
  subscription.on("message", (message: Message) => void take(message));
  observer.record("INFO", "pulling", { subscription: name, atOnce });
  try {
    await Promise.race([stopped.promise, failed.promise]);
    observer.record("INFO", "stopping", { subscription: name, inFlight: turn.activeCount });
  } catch (cause) {
    throw toVoucherError(cause, {
      name,
      complaint: "does not let us pull from",
      role: "roles/pubsub.subscriber",
    });
  } finally {
    stop.removeEventListener("abort", onStop);
    for (const message of waiting) message.nack();
    waiting.clear();
    await subscription.close();
    await client.close();
  }
  // What was not finished in time was given back by the client itself.
  return { ...counts, released: counts.received - counts.acknowledged };
}
