import { asVoucherError } from "../errors.ts";
import type { Observer } from "../ports.ts";
import type { Puller, Received } from "./puller.ts";

/** Messages that were pulled: each is kept from others until it is acknowledged, or all are let go of. */
export interface Leases {
  /** Keeps `received` from now on. Returns those that were not held before. */
  hold(received: readonly Received[]): Promise<readonly Received[]>;
  /** Never throws: a message that could not be acknowledged comes again, and is then acknowledged at once. */
  acknowledge(messageId: string): Promise<void>;
  /** Lets go of all that were not acknowledged. Never throws. */
  release(): Promise<void>;
}

/** A request to Pub/Sub has 512 KiB at the most, and an id may have some hundred bytes. */
const IDS_A_REQUEST = 1000;

/** Leases are renewed well before they end. */
export function createLeases(
  puller: Pick<Puller, "acknowledge" | "keep">,
  { seconds, observer }: { readonly seconds: number; readonly observer: Observer },
): Leases {
  /** By the message's id, under which delivery it is held now. */
  const held = new Map<string, string>();
  const done = new Set<string>();

  async function keep(ackIds: readonly string[], forSeconds: number): Promise<void> {
    for (let at = 0; at < ackIds.length; at += IDS_A_REQUEST) {
      await puller.keep(ackIds.slice(at, at + IDS_A_REQUEST), forSeconds).catch((fault: unknown) => {
        // They come again, and are known then.
        const fields = { messages: ackIds.length, error: asVoucherError(fault) };
        observer.record("INFO", "messages could not be kept", fields);
      });
    }
  }

  async function acknowledge(messageId: string, ackId: string): Promise<void> {
    try {
      await puller.acknowledge([ackId]);
    } catch (fault) {
      const error = asVoucherError(fault);
      observer.record("WARNING", "a message is done with and could not be acknowledged", {
        messageId,
        error,
      });
    }
  }

  const renewing = setInterval(() => void keep([...held.values()], seconds), (seconds * 1000) / 3);

  return {
    async hold(received) {
      const fresh: Received[] = [];
      for (const one of received) {
        const { messageId } = one.envelope;
        if (done.has(messageId)) await acknowledge(messageId, one.ackId);
        else {
          if (!held.has(messageId)) fresh.push(one);
          held.set(messageId, one.ackId);
        }
      }
      await keep(
        received.map(({ ackId }) => ackId),
        seconds,
      );
      return fresh;
    },
    async acknowledge(messageId) {
      const ackId = held.get(messageId);
      if (ackId === undefined) return;
      held.delete(messageId);
      done.add(messageId);
      await acknowledge(messageId, ackId);
    },
    async release() {
      clearInterval(renewing);
      await keep([...held.values()], 0);
      held.clear();
    },
  };
}
