import type { Message as Copy, Publisher, Topic } from "../../lib/ports.ts";
import type { Original } from "./deliveries.ts";
import type { PushEvent, Settings, Weather } from "./history.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createOriginals, marked } from "./originals.ts";
import { simulatedPublisher } from "./publisher.ts";
import { type Acknowledge, createSubscription, type Delivery, type Message } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Caller, Wire } from "./wire.ts";

/** A message that a topic has taken from an instance, and the id of the event that it goes back to. */
export interface Taken {
  readonly eventId: string;
  readonly topic: Topic;
  readonly by: Caller;
  readonly at: number;
}

/** The topics of a world, and what subscribes to them. */
export interface Topics {
  /** Publishes an event as a registry does. */
  announce(event: PushEvent, data: Uint8Array): void;
  /** Publishes what Container Analysis announces; returns the message's id. */
  announceOccurrence(data: Uint8Array): string;
  /** How an instance publishes. */
  publisherOf(by: Caller): Publisher;
  /** The event that these words announce. */
  eventIn(data: Uint8Array): PushEvent | undefined;
  /** What a message was published as, this time. */
  originalOf(message: Message): Original;
  /** The dead letters, each as it lies there. */
  readonly letters: readonly Message[];
  /** Takes a letter out of where it lies: its event is done, or published anew. */
  discard(letter: Message): void;
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
  /** Is told of every verdict event. */
  readonly verdict: (by: Caller, data: Uint8Array) => void;
}

const SECOND = 1000;
const SETTLED = ["attested", "decided", "dead-lettered"];

export function createTopics(options: TopicsOptions): Topics {
  const { scheduler, settings, weather, wire, push, occurrence } = options;
  const { services } = settings;
  const ledger = createLedger(scheduler);
  const originals = createOriginals(services.skew);
  const letters: Message[] = [];
  const taken: Taken[] = [];
  let published = 0;

  const release = (message: Message) => ledger.release(originals.of(message));
  const giveUp = (message: Message, subscription: string) => {
    scheduler.note(() => `Pub/Sub gives ${message.id} up`);
    const attributes = { ...message.attributes, CloudPubSubDeadLetterSourceSubscription: subscription };
    const original = originals.of(message);
    keepLetter(newMessage(message.data, attributes));
    ledger.abandon(original);
    release(message);
  };
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

  function keepLetter(letter: Message): void {
    ledger.hold(originals.of(letter));
    letters.push(letter);
  }

  function publishEvent(message: Message, event: PushEvent): void {
    ledger.hold(originals.published(message, event));
    events.add(message);
  }

  function takeCopy(by: Caller, topic: Topic, copy: Copy): string {
    const message = newMessage(copy.data, copy.attributes);
    const eventId = copy.attributes["voucher-event-id"] ?? "";
    const flaw = originals.flawOf(message);
    if (flaw !== undefined) {
      scheduler.fail(`${by.name} published a copy of ${eventId} to ${topic} that ${flaw}`);
      return eventId;
    }
    const original = originals.of(message);
    if (topic === "waiting") {
      ledger.hold(original);
      waiting.add(message);
    } else keepLetter(message);
    return eventId;
  }

  /** Whoever replays to a topic publishes an event as it was, under the id that it had. */
  function takeAgain(by: Caller, { data, attributes }: Copy): string {
    const message = marked(newMessage(data, attributes));
    const event = originals.eventIn(data);
    if (event === undefined || "voucher-first-seen" in attributes)
      scheduler.fail(`${by.name} published something that was no event, or not as if nobody had seen it`);
    else publishEvent(message, event);
    return attributes["voucher-event-id"] ?? message.id;
  }

  function take(by: Caller, topic: Topic, message: Copy): void {
    const at = scheduler.now();
    if (topic === "verdict") {
      const eventId = (message.attributes["ce-id"] ?? "").replace(/-[^-]*$/, "");
      taken.push({ eventId, topic, by, at });
      if (!SETTLED.includes(message.attributes["ce-outcome"] ?? ""))
        scheduler.fail(`${by.name} published a verdict of ${eventId}, which is not settled`);
      options.verdict(by, message.data);
    } else if (topic === "push") taken.push({ eventId: takeAgain(by, message), topic, by, at });
    else taken.push({ eventId: takeCopy(by, topic, message), topic, by, at });
  }

  function has(topic: Topic): boolean {
    if (topic === "waiting") return settings.waitingTopic;
    return topic === "verdict" ? settings.verdictTopic : topic === "push" || settings.deadLetterTopic;
  }

  return {
    letters,
    ledger,
    taken,
    eventIn: originals.eventIn,
    originalOf: originals.of,
    discard(letter) {
      const at = letters.indexOf(letter);
      if (at < 0) return;
      letters.splice(at, 1);
      const original = originals.of(letter);
      ledger.end(original);
      ledger.release(original);
    },
    announce(event, data) {
      originals.announced(event, data);
      publishEvent(marked(newMessage(data, {})), event);
    },
    announceOccurrence(data) {
      const message = newMessage(data, {});
      announcements.add(message);
      return message.id;
    },
    publisherOf: (by) => simulatedPublisher(by, wire, { has, take }),
  };
}
