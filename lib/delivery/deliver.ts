import { asVoucherError, VoucherError } from "../errors.ts";
import type { Envelope, Headers } from "../event/envelope.ts";
import { type Push, parsePush } from "../event/push.ts";
import { formatReference } from "../image/reference.ts";
import type { Clock, Publisher } from "../ports.ts";
import { type ReviewPorts, type ReviewRequest, review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { originOf } from "./copy.ts";
import { followMessage } from "./follow.ts";
import type { Handled } from "./handled.ts";
import { publishCopy } from "./publish-copy.ts";
import { publishVerdict } from "./publish-verdict.ts";
import { recordDelivery } from "./record.ts";
import { type Settlement, settle } from "./settle.ts";
import { type PushRequest, unwrap } from "./unwrap.ts";

export type { PushRequest };

/** What every event is reviewed by. */
export interface DeliverySettings extends Omit<ReviewRequest, "image" | "existing" | "patience"> {
  /** What is done about attestations that exist; they are reused unless this says otherwise. */
  readonly existing?: ReviewRequest["existing"];
  /** The time a review may take, in milliseconds; after it the event comes back. */
  readonly deadline: number;
  readonly maxAttempts?: number | undefined;
  /** How long evidence is waited for, in minutes from the moment that the event was first seen. */
  readonly maxMinutes: number;
  /** Who the verdict events are from: a URI reference. */
  readonly source?: string;
}

export interface DeliveryPorts extends ReviewPorts {
  readonly clock: Clock;
  readonly publisher: Publisher;
}

/** What a delivery brought. */
interface Received {
  readonly envelope: Envelope | VoucherError;
  /** The message, or the whole body of a request that brought none. */
  readonly original: Envelope | Uint8Array;
}

/** What became of one delivery. */
export interface Attended extends Handled {
  readonly settlement: Settlement;
  readonly started: Date;
}

/** Handles one delivery of one event that was pushed, from its bytes to its settlement. Never throws. */
export function deliver(
  request: PushRequest,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  const { headers, body } = request;
  const envelope = unwrap(request);
  const original = envelope instanceof VoucherError ? body : envelope;
  return attendAndRecord({ envelope, headers, original }, settings, ports);
}

/** Handles one delivery of one event that was pulled: its message needs no unwrapping. Never throws. */
export function deliverMessage(
  envelope: Envelope,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  return attendAndRecord({ envelope, headers: {}, original: envelope }, settings, ports);
}

function attendAndRecord(
  received: Received & { readonly headers: Headers },
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  const { clock, observer } = ports;
  return followMessage("push event", received, observer, async (trail) => {
    const attended = await attend(received, settings, ports);
    const milliseconds = clock.now().getTime() - attended.started.getTime();
    recordDelivery(attended.settlement, attended, observer, trail, milliseconds);
    return attended.settlement;
  });
}

/**
 * From what was received to its settlement: publishes the verdict and the copy that the settlement asks for. Whatever happens is
 * an ending, and `settle` knows what follows. Never throws.
 */
export async function attend(
  { envelope, original }: Received,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Attended> {
  const { clock, publisher } = ports;
  const started = clock.now();
  const signal = clock.deadline(settings.deadline);
  const handled = await handle(envelope, settings, ports, signal, started);
  const { push, origin, ending, verdict } = handled;
  const isWaiting = origin.waited && minutesSince(origin.firstSeen, started) < settings.maxMinutes;
  const delivery = {
    attempt: handled.envelope?.deliveryAttempt,
    maxAttempts: isWaiting ? undefined : settings.maxAttempts,
    mayWait: publisher.has("waiting") && !origin.waited,
  };
  const decided = settle(ending, delivery);
  const about = { eventId: origin.eventId, source: settings.source };
  const error = await publishVerdict(verdict, decided, about, ports);
  const told = error === undefined ? decided : settle({ kind: "unpublished", error }, delivery);
  const image = push === undefined ? undefined : formatReference(push.image);
  const settlement = await publishCopy(told, { original, origin, image }, ports);
  return { ...handled, settlement, started };
}

/** From the one moment at which a delivery began: a clock that jumps meanwhile must not end patience for a part of it. */
function minutesSince(firstSeen: Date, started: Date): number {
  return (started.getTime() - firstSeen.getTime()) / 60_000;
}

async function handle(
  envelope: Received["envelope"],
  settings: DeliverySettings,
  ports: DeliveryPorts,
  signal: AbortSignal,
  now: Date,
): Promise<Handled> {
  if (envelope instanceof VoucherError) {
    return { origin: originOf(undefined, now), ending: { kind: "malformed", error: envelope } };
  }
  const origin = originOf(envelope, now);
  let push: Push;
  try {
    push = parsePush(envelope.data);
  } catch (fault) {
    return { envelope, origin, ending: { kind: "malformed", error: asVoucherError(fault) } };
  }
  if (push.kind === "ignored") return { envelope, origin, ending: push };
  const { checks, platforms, onlyHostsOf, maxMinutes, existing = "reuse" } = settings;
  const patience = { minutes: minutesSince(origin.firstSeen, now), maxMinutes };
  try {
    const asked: ReviewRequest = {
      image: push.image,
      checks,
      platforms,
      onlyHostsOf,
      existing,
      patience,
    };
    const reviewed = await review(asked, ports, signal);
    const verdict = toVerdict(reviewed, push.tag);
    return { envelope, push, origin, verdict, ending: { kind: "reviewed", review: reviewed } };
  } catch (fault) {
    return { envelope, push, origin, ending: { kind: "unresolved", error: asVoucherError(fault) } };
  }
}
