import type { Envelope } from "../event/envelope.ts";
import type { Message } from "../ports.ts";
import type { Settlement } from "./settle.ts";

/** The attributes that a copy of an event carries. */
export const FIRST_SEEN = "voucher-first-seen";
export const EVENT_ID = "voucher-event-id";
export const REASON = "voucher-reason";
export const DETAIL = "voucher-detail";
export const IMAGE = "voucher-image";

/** Pub/Sub's limits: attributes of a message, and bytes of an attribute's name and value. */
const MOST_ATTRIBUTES = 100;
const LONGEST_NAME = 256;
const LONGEST_VALUE = 1024;

/** When whoever published an event first did, and by which id: a copy from the waiting topic still knows. */
export interface Origin {
  readonly firstSeen: Date;
  readonly eventId: string;
  /** Whether the event came from the waiting topic. */
  readonly waited: boolean;
}

/** Reads where an event comes from. `now` stands in for a time that neither the event nor Pub/Sub gives. */
export function originOf(envelope: Envelope | undefined, now: Date): Origin {
  const written = envelope?.attributes[FIRST_SEEN];
  const seen = new Date(written ?? Number.NaN);
  const waited = !Number.isNaN(seen.getTime());
  const claimed = waited ? seen : (envelope?.publishTime ?? now);
  return {
    firstSeen: claimed > now ? now : claimed, // what claims to come from the future must not be waited for for ever
    eventId: envelope?.attributes[EVENT_ID] ?? envelope?.messageId ?? "",
    waited,
  };
}

/** An event that is to be copied. */
export interface Copied {
  /** The message, or the request's whole body where it was no message at all. */
  readonly original: Pick<Envelope, "data" | "attributes"> | Uint8Array;
  readonly origin: Origin;
  /** What it speaks of, where that is known. */
  readonly image?: string | undefined;
}

/** The copy of an event that waits: what it was, and since when. */
export function waitingCopy({ original, origin }: Copied): Message {
  const { data, attributes } = messageOf(original);
  return { data, attributes: beside(originAttributes(origin), attributes) };
}

/** The copy of an event that is given up: what it was, why, and since when. */
export function deadLetterCopy(
  { original, origin, image }: Copied,
  { deadLetter, reason }: Extract<Settlement, { outcome: "dead-lettered" }>,
): Message {
  const { data, attributes } = messageOf(original);
  const own = {
    ...originAttributes(origin),
    [REASON]: deadLetter,
    ...(reason === undefined ? {} : { [DETAIL]: cut(reason) }),
    ...(image === undefined ? {} : { [IMAGE]: cut(image) }),
  };
  return { data, attributes: beside(own, attributes) };
}

/**
 * `own`, and of an event's attributes as many as a message may have besides. Those that no message has are left out: whoever
 * sent them is not Pub/Sub, and the copy of what they sent could never be published.
 */
function beside(own: Message["attributes"], attributes: Message["attributes"]): Message["attributes"] {
  const others = Object.entries(attributes).filter(
    ([name, value]) =>
      !Object.hasOwn(own, name) && name !== "" && fits(name, LONGEST_NAME) && fits(value, LONGEST_VALUE),
  );
  const kept = others.slice(0, MOST_ATTRIBUTES - Object.keys(own).length);
  return { ...Object.fromEntries(kept), ...own };
}

function fits(text: string, most: number): boolean {
  return text.isWellFormed() && Buffer.byteLength(text) <= most;
}

function messageOf(original: Copied["original"]): Message {
  return original instanceof Uint8Array ? { data: original, attributes: {} } : original;
}

function originAttributes({ firstSeen, eventId }: Origin): Message["attributes"] {
  return { [FIRST_SEEN]: firstSeen.toISOString(), ...(eventId === "" ? {} : { [EVENT_ID]: cut(eventId) }) };
}

/** As many characters as an attribute's value takes, none of them in half. */
export function cut(text: string): string {
  const whole = text.toWellFormed();
  const bytes = Buffer.from(whole);
  if (bytes.length <= LONGEST_VALUE) return whole;
  return new TextDecoder().decode(bytes.subarray(0, LONGEST_VALUE - 3)).replace(/\uFFFD+$/, "") + "…";
}
