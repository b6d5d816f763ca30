import { asVoucherError } from "../errors.ts";
import type { Clock, Message, Observer, Publisher, Topic } from "../ports.ts";
import { type Copied, deadLetterCopy, waitingCopy } from "./copy.ts";
import type { Settlement } from "./settle.ts";

export interface PublishPorts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly observer: Observer;
}

interface Copy {
  readonly topic: Topic;
  readonly message: Message;
}

/** For a deadline of its own: the review may have used up the time it had. */
export const PUBLISH_MS = 20_000;

/**
 * Publishes the copy that a settlement asks for. An event is acknowledged only once its copy is safe: the settlement of one
 * whose copy cannot be published is that it comes back. Never throws.
 */
export async function publishCopy(
  settlement: Settlement,
  event: Copied,
  { publisher, clock, observer }: PublishPorts,
): Promise<Settlement> {
  const copy = copyFor(settlement, event, publisher);
  if (copy === undefined) return settlement;
  try {
    const publish = () => publisher.publish(copy.topic, copy.message, clock.deadline(PUBLISH_MS));
    await observer.stage("publish", publish);
    return settlement;
  } catch (fault) {
    const error = asVoucherError(fault);
    const reason = `its copy could not be published: ${error.message}; ${settlement.reason ?? settlement.outcome}`;
    return { status: 503, outcome: "retry", severity: "ERROR", reason, error };
  }
}

function copyFor(settlement: Settlement, event: Copied, publisher: Publisher): Copy | undefined {
  if (settlement.outcome === "waiting") return { topic: "waiting", message: waitingCopy(event) };
  if (settlement.outcome !== "dead-lettered" || !publisher.has("dead-letter")) return undefined;
  return { topic: "dead-letter", message: deadLetterCopy(event, settlement) };
}
