import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";

/** A Pub/Sub message as it arrived, whichever way it was wrapped. */
export interface Envelope {
  readonly messageId: string;
  readonly data: Uint8Array;
  readonly attributes: { readonly [name: string]: string };
  readonly publishTime?: Date;
  /** Full name of the subscription that delivered it. */
  readonly subscription?: string;
  /** Which delivery this is, from 1; known only where the subscription has a dead-letter policy. */
  readonly deliveryAttempt?: number;
}

/** Header names in lower case, as Node gives them. */
export type Headers = { readonly [name: string]: string | readonly string[] | undefined };

/** The type of the CloudEvent that a message may come in. */
export const MESSAGE_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished";

const MessageSchema = z.object({
  data: z.optional(z.base64()),
  attributes: z.optional(z.nullable(z.record(z.string(), z.string()))),
  messageId: z.optional(z.string()),
  message_id: z.optional(z.string()),
  publishTime: z.optional(z.string()),
  publish_time: z.optional(z.string()),
});

const PushBodySchema = z.object({
  message: MessageSchema,
  subscription: z.optional(z.string()),
  deliveryAttempt: z.optional(z.int()),
});

const CloudEventSchema = z.object({ specversion: z.string(), type: z.string(), data: z.unknown() });

/**
 * Reads a Pub/Sub push request: the raw push body, or a CloudEvent around it in structured mode (the event is the body)
 * or binary mode (its attributes are `ce-` headers). Throws `malformed`.
 */
export function parseEnvelope(headers: Headers, body: Uint8Array): Envelope {
  if (body.length === 0) throw malformed("it has no body");
  const document = parseJson(body);
  const type = headers["ce-type"];
  if (typeof type === "string") return envelopeIn(dataOf(type, document));
  const event = CloudEventSchema.safeParse(document);
  return envelopeIn(event.success ? dataOf(event.data.type, event.data.data) : document);
}

function dataOf(type: string, data: unknown): unknown {
  if (type !== MESSAGE_PUBLISHED)
    throw malformed(`it is a CloudEvent of type ${JSON.stringify(type.slice(0, 100))}`);
  return data;
}

/** Reads the raw push body, which a message that `gcloud` pulled looks like as well. Throws `malformed`. */
export function envelopeIn(document: unknown): Envelope {
  const parsed = PushBodySchema.safeParse(document);
  if (!parsed.success) {
    const member = parsed.error.issues[0]?.path.join(".").slice(0, 100) || "the body";
    throw malformed(`${member} is missing or has the wrong type`);
  }
  const { message, subscription, deliveryAttempt } = parsed.data;
  const publishTime = timeOf(message.publishTime ?? message.publish_time);
  return {
    messageId: message.messageId ?? message.message_id ?? "",
    data: Buffer.from(message.data ?? "", "base64"),
    attributes: message.attributes ?? {},
    ...(publishTime === undefined ? {} : { publishTime }),
    ...(subscription === undefined ? {} : { subscription }),
    ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
  };
}

function timeOf(text: string | undefined): Date | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function malformed(why: string): VoucherError {
  return new VoucherError("malformed", `the request is no Pub/Sub push message: ${why}`);
}
