import { asVoucherError } from "../errors.ts";
import type { Clock, Message, Publisher, Topic } from "../ports.ts";
import { type Copied, deadLetterCopy, waitingCopy } from "./copy.ts";
import type { Settlement } from "./settle.ts";

interface Copy {
  readonly topic: Topic;
  readonly message: Message;
}

const PUBLISH_MS = 20_000;

/**
 * Publishes the copy that a settlement asks for. An event is acknowledged only once its copy is safe: the settlement of one
 * whose copy cannot be published is that it comes back. Never throws.
 */
export async function publishCopy(
  settlement: Settlement,
  event: Copied,
  { publisher, clock }: { readonly publisher: Publisher; readonly clock: Clock },
): Promise<Settlement> {
  const copy = copyFor(settlement, event, publisher);
  if (copy === undefined) return settlement;
  try {
    // A deadline of its own: the review may have used up the time it had.
    await publisher.publish(copy.topic, copy.message, clock.deadline(PUBLISH_MS));
    return settlement;
  } catch (fault) {
    const reason = `its copy could not be published: ${asVoucherError(fault).message}; ${settlement.reason ?? settlement.outcome}`;
    return { status: 503, outcome: "retry", severity: "ERROR", reason };
  }
}

function copyFor(settlement: Settlement, event: Copied, publisher: Publisher): Copy | undefined {
  if (settlement.outcome === "waiting") return { topic: "waiting", message: waitingCopy(event) };
  if (settlement.outcome !== "dead-lettered" || !publisher.has("dead-letter")) return undefined;
  return { topic: "dead-letter", message: deadLetterCopy(event, settlement) };
}
