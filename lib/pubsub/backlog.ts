import { setTimeout as sleep } from "node:timers/promises";
import { asVoucherError } from "../errors.ts";
import type { Backlog, HeldMessage } from "../ports/sources.ts";
import type { Observer } from "../ports.ts";
import { retry, untilAborted } from "../retry.ts";
import { createLeases, type Leases } from "./leases.ts";
import type { Puller, Received } from "./puller.ts";

export interface BacklogOptions {
  /** Connects when the first message is asked for. */
  readonly connect: () => Promise<Puller>;
  /** What was published later is left to another run: what comes of this one may be among it. */
  readonly publishedBefore: Date;
  readonly observer: Observer;
  /** How long nothing may come before that is all, in milliseconds. */
  readonly quiet?: number;
  /** How long a message is kept from others at a time, in seconds. */
  readonly lease?: number;
}

const QUIET_MS = 10_000;
const LEASE_SECONDS = 60;
/** Of the quiet time, the parts that one pull waits for messages at most and at least: once begun, it is waited for. */
const LONGEST_PULL = 1 / 2;
const SHORTEST_PULL = 1 / 10;
/** The part of the quiet time after which it is asked again where Pub/Sub answers at once that nothing is there. */
const PAUSE = 1 / 50;

/**
 * Pulls what a subscription holds. Every message that comes is kept, those that nobody asked for too, or they would come again
 * and again; what is not acknowledged goes back to the subscription with {@link Backlog.release}.
 */
export function createBacklog(options: BacklogOptions): Backlog {
  const { connect, publishedBefore, observer, quiet: longest = QUIET_MS, lease = LEASE_SECONDS } = options;
  let opened: Promise<{ readonly puller: Puller; readonly leases: Leases }> | undefined;
  let pulling: Promise<readonly Received[]> = Promise.resolve([]);

  const open = async () => {
    const puller = await connect();
    return { puller, leases: createLeases(puller, { seconds: lease, observer }) };
  };

  /** What came; nothing at all where `stop` aborts. A passing failure of Pub/Sub's is waited out. */
  async function pullOnce(puller: Puller, left: number, stop: AbortSignal): Promise<readonly Received[]> {
    const milliseconds = Math.max(Math.min(left, longest * LONGEST_PULL), longest * SHORTEST_PULL);
    const once = () => {
      pulling = puller.pull(milliseconds);
      return untilAborted(pulling, stop);
    };
    try {
      return await retry(once, { signal: stop });
    } catch (fault) {
      if (stop.aborted) return [];
      throw fault;
    }
  }

  const isCovered = ({ envelope: { publishTime } }: Received) =>
    publishTime === undefined || publishTime < publishedBefore;

  return {
    async *messages(stop): AsyncGenerator<HeldMessage> {
      opened ??= open();
      const { puller, leases } = await opened;
      for (let quiet = 0; quiet < longest && !stop.aborted; ) {
        const started = performance.now();
        const received = await pullOnce(puller, longest - quiet, stop);
        const covered = (await leases.hold(received)).filter(isCovered);
        if (covered.length === 0) {
          const rest = longest * PAUSE - (performance.now() - started);
          if (rest > 0) await sleep(rest, undefined, { signal: stop }).catch(() => {});
          quiet += performance.now() - started;
          continue;
        }
        quiet = 0;
        for (const { envelope } of covered) {
          if (stop.aborted) return;
          yield { envelope, acknowledge: () => leases.acknowledge(envelope.messageId) };
        }
      }
    },
    async release() {
      if (opened === undefined) return;
      try {
        const { puller, leases } = await opened;
        // A pull that nobody waits for any more may still be answered, with what is let go of here even.
        await leases.hold(await pulling.catch(() => []));
        await leases.release();
        await puller.close();
      } catch (fault) {
        observer.record("INFO", "a subscription could not be let go of", { error: asVoucherError(fault) });
      }
    },
  };
}
