import type { Message } from "@google-cloud/pubsub";
import type { Envelope } from "../event/envelope.ts";

/** What is read of a message that was pulled. */
type Pulled = Pick<Message, "id" | "data" | "attributes" | "publishTime" | "deliveryAttempt">;

/** A pulled message as the same envelope that a pushed one comes in. */
export function toEnvelope(message: Pulled, subscription: string): Envelope {
  const { id, data, attributes, publishTime, deliveryAttempt } = message;
  const published = new Date(publishTime.getTime());
  return {
    messageId: id,
    data,
    attributes: { ...attributes },
    ...(Number.isNaN(published.getTime()) ? {} : { publishTime: published }),
    subscription,
    // Google's client says 0 where the subscription has no dead-letter policy and nobody counts.
    ...(deliveryAttempt >= 1 ? { deliveryAttempt } : {}),
  };
}
