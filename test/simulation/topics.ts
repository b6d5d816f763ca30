import type { PushRequest } from "../../lib/delivery/deliver.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Message as Copy, Publisher, Topic } from "../../lib/ports.ts";
import type { PushEvent, Settings, Weather } from "./history.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { EPOCH } from "./names.ts";
import { type Acknowledge, createSubscription, type Delivery, type Message } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Original } from "./watch-deliveries.ts";
import type { Caller, Wire } from "./wire.ts";

/** A copy of an event that a topic has taken. */
export interface Taken {
  readonly original: Original;
  readonly topic: Topic;
  readonly by: Caller;
  readonly at: number;
}

/** The topics of a world, and what subscribes to them. */
export interface Topics {
  /** Publishes an event as a registry does. */
  announce(event: PushEvent, data: Uint8Array): void;
  /** An event as a replay in process reads it: a delivery that no subscription makes. */
  replayed(event: PushEvent, data: Uint8Array): Delivery;
  /** Publishes what Container Analysis announces; returns the message's id. */
  announceOccurrence(data: Uint8Array): string;
  /** How an instance publishes. */
  publisherOf(by: Caller): Publisher;
  /** What a message was once published as. */
  originalOf(message: Message): Original;
  /** The dead letters, each as it lies there. */
  readonly letters: readonly Message[];
  /** Takes a letter out of where it lies: its event is done, or published anew. */
  discard(letter: Message): void;
  /** Lets go of what {@link replayed} made: whoever started the replay was told what became of it. */
  forget(message: Message): void;
  readonly ledger: Ledger;
  readonly taken: readonly Taken[];
}

export interface TopicsOptions {
  readonly scheduler: Scheduler;
  readonly settings: Settings;
  readonly weather: Weather;
  readonly wire: Wire;
  readonly push: (delivery: Delivery, acknowledge: Acknowledge) => void;
  readonly occurrence: (delivery: Delivery, acknowledge: Acknowledge) => void;
}

const SECOND = 1000;

export function createTopics(options: TopicsOptions): Topics {
  const { scheduler, settings, weather, wire, push, occurrence } = options;
  const { services } = settings;
  const originals = new Map<string, Original>();
  const datas = new Map<string, Uint8Array>();
  const ledger = createLedger(scheduler);
  const letters: Message[] = [];
  const taken: Taken[] = [];
  let published = 0;

  const giveUp = (message: Message, subscription: string) => {
    scheduler.note(() => `Pub/Sub gives ${message.id} up`);
    const attributes = { ...message.attributes, CloudPubSubDeadLetterSourceSubscription: subscription };
    const letter = newMessage(message.data, attributes);
    originals.set(letter.id, originalOf(message));
    keepLetter(letter);
    ledger.abandon(originalOf(message));
    release(message);
  };
  const release = (message: Message) => ledger.release(originalOf(message));
  const common = { twice: weather.twice, giveUp, acknowledged: release };
  const events = createSubscription(scheduler, {
    ...common,
    name: "push",
    backOff: { least: 10 * SECOND, most: 600 * SECOND },
    attempts: services.attempts,
    deliver: push,
  });
  const waiting = createSubscription(scheduler, {
    ...common,
    name: "waiting",
    backOff: { least: 60 * SECOND, most: 600 * SECOND },
    attempts: services.waitingAttempts,
    deliver: push,
  });
  const announcements = createSubscription(scheduler, {
    ...common,
    name: "occurrences",
    backOff: { least: 10 * SECOND, most: 600 * SECOND },
    attempts: services.attempts,
    deliver: occurrence,
    giveUp: (message) => scheduler.note(() => `Pub/Sub gives the announcement ${message.id} up`),
    acknowledged: () => {},
  });

  function newMessage(data: Uint8Array, attributes: Message["attributes"]): Message {
    published += 1;
    return { id: `m${published}`, data, attributes, published: scheduler.now() };
  }

  function newEvent(event: PushEvent, data: Uint8Array): Message {
    const message = newMessage(data, {});
    const original = { id: message.id, event, published: message.published };
    originals.set(message.id, original);
    ledger.hold(original);
    datas.set(message.id, data);
    return message;
  }

  function originalOf({ id, attributes }: Message): Original {
    const original = originals.get(attributes["voucher-event-id"] ?? id);
    if (original === undefined) throw new Error(`nobody published ${id}`);
    return original;
  }

  function take(by: Caller, topic: Topic, copy: Copy): void {
    const message = newMessage(copy.data, copy.attributes);
    const original = originalOf(message);
    const flaw = flawOf(copy, original, datas.get(original.id), services.skew);
    if (flaw !== undefined)
      scheduler.fail(`${by.name} published a copy of ${original.id} to ${topic} that ${flaw}`);
    taken.push({ original, topic, by, at: scheduler.now() });
    if (topic === "waiting") {
      ledger.hold(original);
      waiting.add(message);
    } else if (topic === "dead-letter") keepLetter(message);
    else scheduler.fail(`${by.name} published to ${topic}`);
  }

  function keepLetter(letter: Message): void {
    ledger.hold(originalOf(letter));
    letters.push(letter);
  }

  return {
    letters,
    ledger,
    discard(letter) {
      const at = letters.indexOf(letter);
      if (at < 0) return;
      letters.splice(at, 1);
      const original = originalOf(letter);
      ledger.end(original);
      ledger.release(original);
    },
    forget(message) {
      const original = originalOf(message);
      ledger.end(original);
      ledger.abandon(original);
      ledger.release(original);
    },
    taken,
    originalOf,
    announce(event, data) {
      events.add(newEvent(event, data));
    },
    replayed: (event, data) => ({ subscription: "replay", message: newEvent(event, data), attempt: 1 }),
    announceOccurrence(data) {
      const message = newMessage(data, {});
      announcements.add(message);
      return message.id;
    },
    publisherOf: (by) => ({
      has: (topic) =>
        topic === "waiting" ? settings.waitingTopic : topic === "dead-letter" && settings.deadLetterTopic,
      publish: (topic, message, signal) =>
        wire(by, {
          port: "publisher",
          what: () => `publish to ${topic}`,
          signal,
          serve: () => take(by, topic, message),
          faults: [{ answer: unavailable }, { answer: forbidden }, { answer: missing }],
          broken: () => new VoucherError("network", "Pub/Sub broke off", { retryable: true }),
        }),
    }),
  };
}

/** A push request as Pub/Sub makes it of a message. */
export function requestOf({ message, attempt, subscription }: Delivery, isCounted: boolean): PushRequest {
  const { id, data, attributes, published } = message;
  const body = {
    message: {
      data: Buffer.from(data).toString("base64"),
      messageId: id,
      publishTime: new Date(EPOCH + published).toISOString(),
      attributes,
    },
    subscription: `projects/simulated/subscriptions/${subscription}`,
    ...(isCounted ? { deliveryAttempt: attempt } : {}),
  };
  return { headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

/** What a copy lacks of what it should carry on; `undefined` for a good one. */
function flawOf(
  { data, attributes }: Copy,
  original: Original,
  originalData: Uint8Array | undefined,
  skew: number,
): string | undefined {
  const firstSeen = Date.parse(attributes["voucher-first-seen"] ?? "") - EPOCH;
  if (originalData === undefined || Buffer.compare(data, originalData) !== 0) return "says something else";
  if (!(firstSeen <= original.published && firstSeen >= original.published - skew))
    return "does not know when its event was first seen";
  const values = Object.values(attributes);
  if (values.length > 100 || values.some((value) => Buffer.byteLength(value) > 1024))
    return "Pub/Sub would refuse";
  return undefined;
}

function unavailable(): never {
  throw new VoucherError("unavailable", "Pub/Sub is busy", { retryable: true });
}

function forbidden(): never {
  throw new VoucherError("forbidden", "Pub/Sub refuses");
}

function missing(): never {
  throw new VoucherError("not-found", "the topic is not there");
}
