import { asVoucherError } from "../errors.ts";
import type { Envelope } from "../event/envelope.ts";
import { formatPush, type Ignored } from "../event/push.ts";
import type { Announced, Announcement, Unusable } from "../event/webhook/announcement.ts";
import type { WebhookSource } from "../event/webhook/sources.ts";
import { parseWebhook } from "../event/webhook/webhook.ts";
import { formatReference } from "../image/reference.ts";
import type { Clock, Observer, Publisher } from "../ports.ts";
import { admitWebhook, type Refusal, type SecretOf, type WebhookRequest } from "./admit-webhook.ts";
import { originOf } from "./copy.ts";
import { publishCopy } from "./publish-copy.ts";
import { type Settlement, settle } from "./settle.ts";

export interface WebhookPorts {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly publisher: Publisher;
  readonly secretOf: SecretOf;
  /** Handles a push that no topic takes, within `deadline` milliseconds, and records how it ended; never throws. */
  review(push: Envelope, deadline: number): Promise<Pick<Settlement, "status">>;
}

/** What a webhook is answered with: 204 takes its events off its sender's hands, nothing else does. */
export type WebhookAnswer = { readonly status: 204 } | Omit<Refusal, "error">;

const PUBLISH_MS = 20_000;
const AGAIN: WebhookAnswer = { status: 503, reason: "not everything in it is settled yet; send it again" };

/**
 * Handles one request of a webhook, once it is known who sent it. Each push is published to the push topic or, where there is
 * none, reviewed; nobody is told 204 before that is done. They are taken one after the other, all within `deadline`
 * milliseconds: what is sent again finds done what was done. Never throws.
 */
export async function deliverWebhook(
  request: WebhookRequest,
  deadline: number,
  ports: WebhookPorts,
): Promise<WebhookAnswer> {
  const started = ports.clock.now();
  const source = await admitWebhook(request, ports.secretOf, started);
  if (typeof source !== "string") return refuse(source, request, ports);
  const unusable: Unusable[] = [];
  const statuses: Settlement["status"][] = [];
  for (const announcement of read(source, request)) {
    const left = Math.max(0, deadline - (ports.clock.now().getTime() - started.getTime()));
    if (announcement.kind === "unusable") unusable.push(announcement);
    else statuses.push(await handle(announcement, source, ports, left));
  }
  if (unusable.length > 0) statuses.push(await giveUp(unusable, source, request, ports, started));
  return statuses.includes(503) ? AGAIN : { status: 204 };
}

function refuse(
  { error, ...answer }: Refusal,
  { source }: WebhookRequest,
  { observer }: WebhookPorts,
): WebhookAnswer {
  const { status, reason } = answer;
  const why = error === undefined ? {} : { error };
  const severity = error === undefined ? "WARNING" : "ERROR";
  observer.record(severity, "webhook refused", { source: source.slice(0, 100), status, reason, ...why });
  return answer;
}

/** A body that nothing can be read of is one thing that cannot be used. */
function read(source: WebhookSource, request: WebhookRequest): readonly Announcement[] {
  try {
    return parseWebhook(source, request);
  } catch (fault) {
    return [{ kind: "unusable", error: asVoucherError(fault) }];
  }
}

async function handle(
  event: Announced | Ignored,
  source: WebhookSource,
  ports: WebhookPorts,
  left: number,
): Promise<Settlement["status"]> {
  if (event.kind === "ignored") {
    const { severity, ...said } = settle(event);
    ports.observer.record(severity, "event ignored", { source, ...said });
    return said.status;
  }
  if (ports.publisher.has("push")) return publish(event, source, ports, left);
  return (await ports.review(envelopeOf(event), left)).status;
}

/** The push as the message that Pub/Sub would deliver, so that it is handled, copied and replayed as one. */
function envelopeOf(event: Announced): Envelope {
  return {
    messageId: event.id ?? "",
    data: formatPush(event),
    attributes: {},
    // Evidence is waited for from then on, however often the event is sent.
    ...(event.at === undefined ? {} : { publishTime: event.at }),
  };
}

async function publish(
  event: Announced,
  source: WebhookSource,
  { publisher, clock, observer }: WebhookPorts,
  left: number,
): Promise<Settlement["status"]> {
  const named = { source, image: formatReference(event.image), tag: event.tag, eventId: event.id };
  try {
    const message = { data: formatPush(event), attributes: {} };
    await publisher.publish("push", message, clock.deadline(Math.min(left, PUBLISH_MS)));
    observer.record("INFO", "event published", { status: 204, outcome: "published", ...named });
    return 204;
  } catch (fault) {
    const error = asVoucherError(fault);
    const reason = `it could not be published: ${error.message}`;
    observer.record("ERROR", "event comes back", { status: 503, outcome: "retry", reason, ...named, error });
    return 503;
  }
}

/**
 * What cannot be used is given up, in one copy of the whole request: to refuse it would have it sent for ever, and with many
 * registries nothing else meanwhile.
 */
async function giveUp(
  [first, ...more]: readonly Unusable[],
  source: WebhookSource,
  { body }: WebhookRequest,
  ports: WebhookPorts,
  now: Date,
): Promise<Settlement["status"]> {
  if (first === undefined) return 204;
  const decided = settle({ kind: "malformed", error: first.error });
  const { severity, ...said } = await publishCopy(
    decided,
    { original: body, origin: originOf(undefined, now) },
    ports,
  );
  const message = said.status === 204 ? "event dead-lettered" : "event comes back";
  ports.observer.record(severity, message, {
    source,
    ...said,
    unusable: 1 + more.length,
    error: first.error,
  });
  return said.status;
}
