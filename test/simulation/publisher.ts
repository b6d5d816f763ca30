import { VoucherError } from "../../lib/errors.ts";
import type { Message, Publisher, Topic } from "../../lib/ports.ts";
import type { Caller, Wire } from "./wire.ts";

/** What is on the other side: which topics there are, and what becomes of a message that one of them takes. */
export interface Taking {
  readonly has: (topic: Topic) => boolean;
  readonly take: (by: Caller, topic: Topic, message: Message) => void;
}

/** The program gives a topic twenty seconds; a little more for noticing. */
const PATIENCE_MS = 25_000;

/** Publishes, if nothing is in the way. */
export function simulatedPublisher(by: Caller, wire: Wire, { has, take }: Taking): Publisher {
  return {
    has,
    publish: (topic, message, signal) =>
      wire(by, {
        port: "publisher",
        what: () => `publish to ${topic}`,
        signal,
        patience: PATIENCE_MS,
        serve: () => take(by, topic, message),
        faults: [{ answer: unavailable }, { answer: forbidden }, { answer: missing }],
        broken: () => new VoucherError("network", "Pub/Sub broke off", { retryable: true }),
      }),
  };
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
