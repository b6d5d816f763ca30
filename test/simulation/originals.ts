import type { Original } from "./deliveries.ts";
import type { PushEvent } from "./history.ts";
import { EPOCH } from "./names.ts";
import type { Message } from "./pubsub.ts";

/** Knows what each message was published as; a replay publishes the same event under its old id once more. */
export interface Originals {
  /** A registry announces an event, in these words. */
  announced(event: PushEvent, data: Uint8Array): void;
  /** The event that these words announce. */
  eventIn(data: Uint8Array): PushEvent | undefined;
  /** A message publishes an event, for the first time or anew. */
  published(message: Message, event: PushEvent): Original;
  /** What a message, or the message that it is a copy of, has published. */
  of(message: Message): Original;
  /** What a copy lacks of what it should carry on; `undefined` for a good one. */
  flawOf(copy: Message): string | undefined;
}

/** Attributes are carried on whatever they are, so one of ours tells all copies of one message from those of another. */
const MARK = "simulated-as";

export function marked(message: Message): Message {
  return { ...message, attributes: { ...message.attributes, [MARK]: message.id } };
}

/** As much of an attribute as Pub/Sub takes, and of them all. */
const LONGEST_VALUE = 1024;
const MOST_ATTRIBUTES = 100;

export function createOriginals(skew: number): Originals {
  const events = new Map<string, PushEvent>();
  const byMessage = new Map<string, Original>();
  const datas = new Map<Original, Uint8Array>();

  const find = ({ id, attributes }: Message) => byMessage.get(attributes[MARK] ?? id);

  function of(message: Message): Original {
    const original = find(message);
    if (original === undefined) throw new Error(`nobody published ${message.id}`);
    return original;
  }

  function isSeenAt({ published }: Original, firstSeen: number): boolean {
    return firstSeen <= published && firstSeen >= published - skew;
  }

  return {
    of,
    announced: (event, data) => void events.set(Buffer.from(data).toString(), event),
    eventIn: (data) => events.get(Buffer.from(data).toString()),
    published(message, event) {
      const { id, attributes, data, published } = message;
      const eventId = attributes["voucher-event-id"] ?? id;
      const original: Original = { id: eventId, event, published };
      byMessage.set(id, original);
      datas.set(original, data);
      return original;
    },
    flawOf(copy) {
      const { data, attributes } = copy;
      const original = find(copy);
      if (original === undefined) return "has lost an attribute";
      const firstSeen = Date.parse(attributes["voucher-first-seen"] ?? "") - EPOCH;
      const said = datas.get(original);
      if (said === undefined || Buffer.compare(data, said) !== 0) return "says something else";
      if (attributes["voucher-event-id"] !== original.id) return "does not know which event it is";
      if (!isSeenAt(original, firstSeen)) return "does not know when its event was first seen";
      const values = Object.values(attributes);
      const isTooLarge = values.some((value) => Buffer.byteLength(value) > LONGEST_VALUE);
      return isTooLarge || values.length > MOST_ATTRIBUTES ? "Pub/Sub would refuse" : undefined;
    },
  };
}
