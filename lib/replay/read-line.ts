import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { asVoucherError, VoucherError } from "../errors.ts";
import { envelopeIn, MESSAGE_PUBLISHED } from "../event/envelope.ts";
import { formatPush } from "../event/push.ts";
import { VERDICT_EVENT_TYPE } from "../event/verdict.ts";
import { parseJson } from "../image/json.ts";
import type { ReplayEvent, Unreadable } from "./event.ts";
import { pushIn } from "./push-in.ts";
import { CloudEventSchema, readMessage, timeOf } from "./read-message.ts";
import { pushOfVerdict } from "./verdict-event.ts";

/** A message of Pub/Sub has 10 MB at the most, and in base64 a third more. */
export const LONGEST_LINE = 16 * 1024 * 1024;

const RecordSchema = z.record(z.string(), z.unknown());

/**
 * Reads a line of an events file: a push event; a Pub/Sub message as it is pushed, as `gcloud pubsub subscriptions pull
 * --format=json` lists it, or bare; or a verdict event. `bytes` are `undefined` for one that is too long. Never throws.
 */
export function readLine(bytes: Uint8Array | undefined): ReplayEvent | Unreadable {
  const key = bytes === undefined ? "" : keyOf(bytes);
  try {
    if (bytes === undefined) throw malformed(`it has more than ${LONGEST_LINE} bytes`);
    return readDocument(bytes, key);
  } catch (fault) {
    return { key, error: asVoucherError(fault) };
  }
}

function readDocument(bytes: Uint8Array, key: string): ReplayEvent | Unreadable {
  const document = parseJson(bytes);
  if (Array.isArray(document)) throw malformed("it is a list; write one event a line, as jq -c '.[]' does");
  const members = RecordSchema.safeParse(document);
  if (!members.success) throw malformed("it is no JSON object");
  const has = (name: string) => members.data[name] !== undefined;
  if (has("specversion")) return readCloudEvent(document, key);
  if (has("message")) return readMessage(envelopeIn(document), key);
  if (has("data") && !has("action")) return readMessage(envelopeIn({ message: document }), key);
  if (has("action") || (has("name") && has("kind"))) {
    return { key, push: pushIn(bytes), message: { data: bytes, attributes: {} } };
  }
  throw malformed("it is no push event, no Pub/Sub message and no verdict event");
}

function readCloudEvent(document: unknown, key: string): ReplayEvent | Unreadable {
  const parsed = CloudEventSchema.safeParse(document);
  if (!parsed.success) throw malformed("it is no CloudEvent, though it has a specversion");
  const { type, data, time: written } = parsed.data;
  if (type === MESSAGE_PUBLISHED) return readMessage(envelopeIn(data), key);
  if (type !== VERDICT_EVENT_TYPE) {
    throw malformed(`it is a CloudEvent of type ${JSON.stringify(type.slice(0, 100))}`);
  }
  const push = pushOfVerdict(data);
  const time = timeOf(written);
  const message = { data: push.kind === "push" ? formatPush(push) : new Uint8Array(), attributes: {} };
  return { key, push, message, ...(time === undefined ? {} : { time }) };
}

/** Of what the line says: a file that grows, or whose lines move, has the same events. */
function keyOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
}

function malformed(why: string): VoucherError {
  return new VoucherError("malformed", why);
}
