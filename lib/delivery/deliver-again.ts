import type { Envelope } from "../event/envelope.ts";
import type { Publisher } from "../ports.ts";
import { type Attended, attend, type DeliveryPorts, type DeliverySettings } from "./deliver.ts";

/** What became of an event that was handled once more. `waiting` and `dead-lettered` copied it nowhere. */
export type DeliveredAgain = Pick<Attended, "ending" | "settlement">;

/**
 * Handles an event that somebody feeds again, and tells them what became of it. They keep what waits or fails, so nothing is
 * copied to the waiting or the dead-letter topic, and no log entry speaks of a delivery that nobody made. Never throws.
 */
export function deliverAgain(
  envelope: Envelope,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<DeliveredAgain> {
  return attend({ envelope, original: envelope }, settings, {
    ...ports,
    publisher: withoutCopies(ports.publisher),
  });
}

/** Verdicts are published as ever. */
function withoutCopies(publisher: Publisher): Publisher {
  return {
    has: (topic) => topic === "waiting" || (topic !== "dead-letter" && publisher.has(topic)),
    async publish(topic, message, signal) {
      if (topic !== "waiting") await publisher.publish(topic, message, signal);
    },
  };
}
