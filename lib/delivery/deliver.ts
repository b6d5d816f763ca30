import { asVoucherError, type VoucherError } from "../errors.ts";
import { type Envelope, type Headers, parseEnvelope } from "../event/envelope.ts";
import { type Push, parsePush } from "../event/push.ts";
import { formatReference } from "../image/reference.ts";
import type { Clock, Observer, Publisher } from "../ports.ts";
import { type ReviewPorts, type ReviewRequest, review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { type Origin, originOf } from "./copy.ts";
import { verdictForLog } from "./log-verdict.ts";
import { publishCopy } from "./publish-copy.ts";
import { type Ending, type Settlement, settle } from "./settle.ts";

/** What every event is reviewed by. */
export interface DeliverySettings extends Omit<ReviewRequest, "image" | "existing" | "patience"> {
  /** What is done about attestations that exist; they are reused unless this says otherwise. */
  readonly existing?: ReviewRequest["existing"];
  /** The time a review may take, in milliseconds; after it the event comes back. */
  readonly deadline: number;
  readonly maxAttempts?: number | undefined;
  /** How long evidence is waited for, in minutes from the moment that the event was first seen. */
  readonly maxMinutes: number;
}

export interface DeliveryPorts extends ReviewPorts {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly publisher: Publisher;
}

/** A push request as it arrived. */
export interface PushRequest {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What a delivery brought: a message, or a request that holds none. */
type Received = { readonly envelope: Envelope } | { readonly body: Uint8Array; readonly error: VoucherError };

/** How one delivery was handled, as far as it got. */
interface Handled {
  readonly envelope?: Envelope;
  readonly push?: Extract<Push, { kind: "push" }>;
  readonly origin: Origin;
  readonly ending: Ending;
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
  return attendAndRecord(unwrap(request), settings, ports);
}

/** Handles one delivery of one event that was pulled: its message needs no unwrapping. Never throws. */
export function deliverMessage(
  envelope: Envelope,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  return attendAndRecord({ envelope }, settings, ports);
}

function unwrap({ headers, body }: PushRequest): Received {
  try {
    return { envelope: parseEnvelope(headers, body) };
  } catch (fault) {
    return { body, error: asVoucherError(fault) };
  }
}

async function attendAndRecord(
  received: Received,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  const attended = await attend(received, settings, ports);
  record(attended, ports);
  return attended.settlement;
}

/**
 * From what was received to its settlement: publishes the copy that the settlement asks for. Whatever happens is an ending,
 * and `settle` knows what follows. Never throws.
 */
export async function attend(
  received: Received,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Attended> {
  const started = ports.clock.now();
  const signal = ports.clock.deadline(settings.deadline);
  const handled = await handle(received, settings, ports, signal, started);
  const { waited, firstSeen } = handled.origin;
  const isWaiting = waited && started.getTime() - firstSeen.getTime() < settings.maxMinutes * 60_000;
  const decided = settle(handled.ending, {
    attempt: handled.envelope?.deliveryAttempt,
    maxAttempts: isWaiting ? undefined : settings.maxAttempts,
    mayWait: ports.publisher.has("waiting") && !waited,
  });
  const { push, origin } = handled;
  const image = push === undefined ? undefined : formatReference(push.image);
  const original = "envelope" in received ? received.envelope : received.body;
  const settlement = await publishCopy(decided, { original, origin, image }, ports);
  return { ...handled, settlement, started };
}

async function handle(
  received: Received,
  settings: DeliverySettings,
  ports: DeliveryPorts,
  signal: AbortSignal,
  now: Date,
): Promise<Handled> {
  if ("error" in received) {
    return { origin: originOf(undefined, now), ending: { kind: "malformed", error: received.error } };
  }
  const { envelope } = received;
  const origin = originOf(envelope, now);
  let push: Push;
  try {
    push = parsePush(envelope.data);
  } catch (fault) {
    return { envelope, origin, ending: { kind: "malformed", error: asVoucherError(fault) } };
  }
  if (push.kind === "ignored") return { envelope, origin, ending: push };
  const { checks, platforms, onlyHostsOf, maxMinutes, existing = "reuse" } = settings;
  const patience = { since: origin.firstSeen, maxMinutes };
  try {
    const asked: ReviewRequest = {
      image: push.image,
      checks,
      platforms,
      onlyHostsOf,
      existing,
      patience,
    };
    return {
      envelope,
      push,
      origin,
      ending: { kind: "reviewed", review: await review(asked, ports, signal) },
    };
  } catch (fault) {
    return { envelope, push, origin, ending: { kind: "unresolved", error: asVoucherError(fault) } };
  }
}

const MESSAGES: { readonly [outcome in Settlement["outcome"]]: string } = {
  attested: "image attested",
  decided: "image decided",
  ignored: "event ignored",
  "dead-lettered": "event dead-lettered",
  waiting: "event waits for evidence",
  retry: "event comes back",
};

function record(attended: Attended, { observer, clock }: DeliveryPorts): void {
  const { settlement, envelope, push, ending, origin, started } = attended;
  const { severity, ...said } = settlement;
  observer.record(severity, MESSAGES[settlement.outcome], {
    ...said,
    ...(push === undefined ? {} : { image: formatReference(push.image), tag: push.tag }),
    ...(envelope === undefined ? {} : { messageId: envelope.messageId, attempt: envelope.deliveryAttempt }),
    ...(origin.waited ? { firstSeen: origin.firstSeen.toISOString(), eventId: origin.eventId } : {}),
    ...(ending.kind === "reviewed" ? { verdict: verdictForLog(toVerdict(ending.review, push?.tag)) } : {}),
    ...("error" in ending ? { error: ending.error } : {}),
    milliseconds: clock.now().getTime() - started.getTime(),
  });
}
