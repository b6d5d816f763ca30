import * as z from "zod/mini";
import { DETAIL, EVENT_ID, FIRST_SEEN, IMAGE, REASON } from "../delivery/copy.ts";
import { asVoucherError } from "../errors.ts";
import type { Envelope } from "../event/envelope.ts";
import { formatPush, type Push } from "../event/push.ts";
import { VERDICT_EVENT_TYPE } from "../event/verdict.ts";
import { parseJson } from "../image/json.ts";
import type { Message } from "../ports.ts";
import type { ReplayEvent, Unreadable } from "./event.ts";
import { pushIn } from "./push-in.ts";
import { pushOfVerdict } from "./verdict-event.ts";

/** A CloudEvent whose body says that it is one; in a message, its attributes may say so instead. */
export const CloudEventSchema = z.object({
  specversion: z.string(),
  type: z.string(),
  time: z.optional(z.string()),
  data: z.unknown(),
});

/** What Voucher, and Pub/Sub itself, wrote on a copy; the event is to begin anew. */
const OWN = new Set<string>([FIRST_SEEN, REASON, DETAIL, IMAGE]);
const PUBSUBS_OWN = /^(?:CloudPubSubDeadLetterSource|goog)/;

/**
 * https://cloud.google.com/pubsub/docs/dead-letter-topics: what Pub/Sub gives up by itself, because nobody answered who could
 * have said why, has these attributes and no reason.
 */
const GIVEN_UP_BY_PUBSUB = "CloudPubSubDeadLetterSourceSubscription";
/** The reason of those. */
const UNDELIVERED = "undelivered";

/** Reads the event in a message: a push event, a verdict in a CloudEvent of either mode, or an announcement. Never throws. */
export function readMessage(envelope: Envelope, key: string): ReplayEvent | Unreadable {
  const { attributes, publishTime, data } = envelope;
  const reason =
    attributes[REASON] ?? (attributes[GIVEN_UP_BY_PUBSUB] === undefined ? undefined : UNDELIVERED);
  const detail = attributes[DETAIL];
  const own = timeOf(attributes[FIRST_SEEN]) ?? publishTime;
  const known = {
    key,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
  };
  try {
    const { push, time = own, isVerdict } = contentOf(envelope);
    const kept = isVerdict && push.kind === "push" ? formatPush(push) : data;
    return {
      ...known,
      ...(time === undefined ? {} : { time }),
      push,
      message: { data: kept, attributes: isVerdict ? {} : attributesAnew(envelope) },
    };
  } catch (fault) {
    return { ...known, ...(own === undefined ? {} : { time: own }), error: asVoucherError(fault) };
  }
}

interface Content {
  readonly push: Push;
  readonly time?: Date | undefined;
  readonly isVerdict: boolean;
}

function contentOf({ data, attributes }: Envelope): Content {
  if (attributes["ce-type"] === VERDICT_EVENT_TYPE) {
    return { push: pushOfVerdict(parseJson(data)), time: timeOf(attributes["ce-time"]), isVerdict: true };
  }
  const event = Buffer.from(data).includes("specversion")
    ? CloudEventSchema.safeParse(parseJson(data))
    : undefined;
  if (event?.data?.type === VERDICT_EVENT_TYPE) {
    return { push: pushOfVerdict(event.data.data), time: timeOf(event.data.time), isVerdict: true };
  }
  return { push: pushIn(data), isVerdict: false };
}

/** As they were when the event was first published, with the id that it had then. */
function attributesAnew({ attributes, messageId }: Envelope): Message["attributes"] {
  const kept = Object.entries(attributes).filter(([name]) => !OWN.has(name) && !PUBSUBS_OWN.test(name));
  return { ...(messageId === "" ? {} : { [EVENT_ID]: messageId }), ...Object.fromEntries(kept) };
}

/** The moment that `text` names; `undefined` where it names none. */
export function timeOf(text: string | undefined): Date | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
