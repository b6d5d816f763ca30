import { formatReference, nameOf } from "../image/reference.ts";
import type { Observer, Trail } from "../ports.ts";
import type { Handled } from "./handled.ts";
import { verdictForLog } from "./log-verdict.ts";
import type { Settlement } from "./settle.ts";

const MESSAGES: { readonly [outcome in Settlement["outcome"]]: string } = {
  attested: "image attested",
  decided: "image decided",
  ignored: "event ignored",
  "dead-lettered": "event dead-lettered",
  waiting: "event waits for evidence",
  retry: "event comes back",
};

/** Records, in one entry, what became of one delivery of an event, and what it took. */
export function recordDelivery(
  settlement: Settlement,
  { envelope, push, verdict, origin }: Handled,
  observer: Observer,
  trail: Trail,
  milliseconds: number,
): void {
  const { severity, ...said } = settlement;
  const { outcome } = settlement;
  const { eventId } = origin;
  const image = push === undefined ? {} : { image: formatReference(push.image), tag: push.tag };
  trail.describe({ ...image, event: eventId, attempt: envelope?.deliveryAttempt });
  observer.record(severity, MESSAGES[outcome], {
    ...said,
    ...image,
    ...(envelope === undefined ? {} : { messageId: envelope.messageId, attempt: envelope.deliveryAttempt }),
    ...(origin.waited ? { firstSeen: origin.firstSeen.toISOString(), eventId } : {}),
    ...(verdict === undefined ? {} : { verdict: verdictForLog(verdict) }),
    ...trail.took(),
    milliseconds,
    labels: {
      outcome,
      ...(eventId === "" ? {} : { event: eventId }),
      ...(push === undefined ? {} : { repository: nameOf(push.image) }),
    },
  });
}
