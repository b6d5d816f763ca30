import { asVoucherError } from "../errors.ts";
import { type Envelope, type Headers, parseEnvelope } from "../event/envelope.ts";
import { type Push, parsePush } from "../event/push.ts";
import { formatReference } from "../image/reference.ts";
import type { Clock, Observer } from "../ports.ts";
import { type ReviewPorts, type ReviewRequest, review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { type Ending, type Settlement, settle } from "./settle.ts";

/** What every event is reviewed by. */
export interface DeliverySettings extends Omit<ReviewRequest, "image" | "existing"> {
  /** The time a review may take, in milliseconds; after it the event comes back. */
  readonly deadline: number;
  readonly maxAttempts?: number | undefined;
}

export interface DeliveryPorts extends ReviewPorts {
  readonly clock: Clock;
  readonly observer: Observer;
}

/** A push request as it arrived. */
export interface PushRequest {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type PushEvent = Extract<Push, { kind: "push" }>;

/**
 * Handles one delivery of one event, from its bytes to its settlement, and records how it ended. Never throws: whatever
 * happens is an ending, and `settle` knows what follows.
 */
export async function deliver(
  request: PushRequest,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Settlement> {
  const started = ports.clock.now();
  const { envelope, push, ending } = await handle(request, settings, ports);
  const settlement = settle(ending, {
    attempt: envelope?.deliveryAttempt,
    maxAttempts: settings.maxAttempts,
  });
  const { status, outcome, severity, reason } = settlement;
  ports.observer.record(severity, MESSAGES[outcome], {
    outcome,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(push === undefined ? {} : { image: formatReference(push.image), tag: push.tag }),
    ...(envelope === undefined ? {} : { messageId: envelope.messageId, attempt: envelope.deliveryAttempt }),
    ...(ending.kind === "reviewed" ? { verdict: toVerdict(ending.review, push?.tag) } : {}),
    ...("error" in ending ? { error: ending.error } : {}),
    milliseconds: ports.clock.now().getTime() - started.getTime(),
  });
  return settlement;
}

const MESSAGES: { readonly [outcome in Settlement["outcome"]]: string } = {
  attested: "image attested",
  decided: "image decided",
  ignored: "event ignored",
  "dead-lettered": "event dead-lettered",
  retry: "event comes back",
};

interface Handled {
  readonly envelope?: Envelope;
  readonly push?: PushEvent;
  readonly ending: Ending;
}

async function handle(
  request: PushRequest,
  settings: DeliverySettings,
  ports: DeliveryPorts,
): Promise<Handled> {
  let envelope: Envelope | undefined;
  let push: Push;
  try {
    envelope = parseEnvelope(request.headers, request.body);
    push = parsePush(envelope.data);
  } catch (fault) {
    return {
      ...(envelope === undefined ? {} : { envelope }),
      ending: { kind: "malformed", error: asVoucherError(fault) },
    };
  }
  if (push.kind === "ignored") return { envelope, ending: push };
  const { deadline, maxAttempts: _, ...rest } = settings;
  try {
    const reviewed = await review(
      { ...rest, image: push.image, existing: "reuse" },
      ports,
      ports.clock.deadline(deadline),
    );
    return { envelope, push, ending: { kind: "reviewed", review: reviewed } };
  } catch (fault) {
    return { envelope, push, ending: { kind: "unresolved", error: asVoucherError(fault) } };
  }
}
