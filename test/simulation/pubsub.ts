import type { PushRequest } from "../../lib/delivery/deliver.ts";
import { EPOCH } from "./names.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** A message of a topic. */
export interface Message {
  readonly id: string;
  readonly data: Uint8Array;
  readonly attributes: { readonly [name: string]: string };
  /** In virtual time. */
  readonly published: number;
}

/** One delivery of a message, as a push subscription makes it. */
export interface Delivery {
  readonly subscription: string;
  readonly message: Message;
  /** From 1. */
  readonly attempt: number;
}

/** What the subscriber made of a delivery: only the first of them counts for the message. */
export type Acknowledge = (acknowledged: boolean) => void;

export interface Subscription {
  readonly name: string;
  /** Takes a message in; it is delivered until it is acknowledged, or given up. */
  add(message: Message): void;
}

export interface SubscriptionOptions {
  readonly name: string;
  /** The retry policy, in milliseconds. */
  readonly backOff: { readonly least: number; readonly most: number };
  /** After so many deliveries Pub/Sub forwards a message to the dead-letter topic. */
  readonly attempts: number;
  /** The share of messages that come twice, and of acknowledgements that get lost. */
  readonly twice: number;
  readonly deliver: (delivery: Delivery, acknowledge: Acknowledge) => void;
  readonly giveUp: (message: Message, subscription: string) => void;
  /** Pub/Sub has heard that the message is acknowledged, and forgets it. */
  readonly acknowledged: (message: Message) => void;
}

const ACK_DEADLINE_MS = 300_000;

/** A push subscription: deliveries may overlap, come twice and out of order. */
export function createSubscription(scheduler: Scheduler, options: SubscriptionOptions): Subscription {
  const { name, backOff, attempts, twice, deliver, giveUp } = options;
  const { random } = scheduler;

  function deliverAgain(message: Message, held: { done: boolean }, attempt: number): void {
    let open = true;
    const answered = (acknowledged: boolean, why: string) => {
      if (!open) return;
      open = false;
      scheduler.note(() => `${name} ${message.id} delivery ${attempt}: ${why}`);
      // Twice delivered, it may be settled already.
      if (held.done) return;
      if (acknowledged && !random.chance(twice / 4)) {
        held.done = true;
        options.acknowledged(message);
      } else if (attempt >= attempts) {
        held.done = true;
        giveUp(message, name);
      } else {
        const wait = backOffOf(random, backOff, attempt);
        const next = () => {
          if (!held.done) deliverAgain(message, held, attempt + 1);
        };
        scheduler.after(wait, () => `${name} delivers ${message.id} again`, next);
      }
    };
    const late = () => answered(false, "not answered in time");
    scheduler.after(
      ACK_DEADLINE_MS,
      () => `${name} ${message.id}: the deadline of delivery ${attempt}`,
      late,
    );
    deliver({ subscription: name, message, attempt }, (acknowledged) =>
      answered(acknowledged, acknowledged ? "acknowledged" : "refused"),
    );
  }

  return {
    name,
    add(message) {
      const held = { done: false };
      const first = () => deliverAgain(message, held, 1);
      scheduler.after(random.below(2000), () => `${name} delivers ${message.id}`, first);
      if (!random.chance(twice)) return;
      const later = random.below(120_000);
      scheduler.after(
        later,
        () => `${name} delivers ${message.id} twice`,
        () => deliverAgain(message, held, 1),
      );
    },
  };
}

function backOffOf(random: Random, { least, most }: SubscriptionOptions["backOff"], attempt: number): number {
  return Math.min(least * 2 ** (attempt - 1), most) + random.below(least);
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
