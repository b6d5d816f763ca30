import type { Settlement } from "../../lib/delivery/settle.ts";
import type { Fleet, Process } from "./fleet.ts";
import type { Handling } from "./handling.ts";
import type { PushEvent } from "./history.ts";
import type { Message } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Topics } from "./topics.ts";

/** One event that is to be fed again, and the letter that it was found in, if any. */
export interface Item {
  readonly event: PushEvent;
  readonly letter?: Message;
}

/** What a replay remembers between its runs. */
export interface Checkpoint {
  has(item: Item): boolean;
  add(item: Item): void;
}

/**
 * How a replay treats one item: returns what became of it, or `undefined` where its process died. What is done is written into
 * the checkpoint, and it is done when it is approved, rejected or ignored.
 */
export type Replay = (
  item: Item,
  review: () => Promise<Settlement | undefined>,
  checkpoint: Checkpoint,
) => Promise<Settlement | undefined>;

export const replayOne: Replay = async (item, review, checkpoint) => {
  const settlement = await review();
  if (isDone(settlement)) checkpoint.add(item);
  return settlement;
};

export interface ReplayingOptions {
  readonly scheduler: Scheduler;
  readonly fleet: Fleet;
  readonly handling: Handling;
  readonly topics: Topics;
  readonly dataOf: (event: PushEvent) => Uint8Array;
  readonly replay: Replay;
}

const MOST_RUNS = 20;
const UNTIL_NEXT_RUN_MS = 60_000;

/** Publishes each event anew, as if it had never been seen. A letter is let go of once its event is published. */
export function replayToTopic(items: readonly Item[], { topics, dataOf }: ReplayingOptions): void {
  for (const { event, letter } of items) {
    topics.announce(event, dataOf(event));
    if (letter !== undefined) topics.discard(letter);
  }
}

/**
 * Reviews one event after the other in a process of its own. Where that dies, another goes on from its checkpoint. A letter is
 * let go of once its event is done; what fails or waits is left where it is.
 */
export async function replayInProcess(items: readonly Item[], options: ReplayingOptions): Promise<void> {
  const { scheduler, fleet, topics, replay } = options;
  const written = new Set<Item>();
  const checkpoint: Checkpoint = {
    has: (item) => written.has(item),
    add: (item) => void written.add(item),
  };
  /** What was seen to be done, or to fail, whatever the checkpoint says. */
  const seen = new Set<Item>();

  async function run(process: Process): Promise<void> {
    for (const item of items) {
      if (checkpoint.has(item)) continue;
      const settlement = await replay(item, () => reviewed(item, process), checkpoint);
      if (!process.alive()) return;
      if (settlement !== undefined) seen.add(item);
      if (isDone(settlement) && item.letter !== undefined) topics.discard(item.letter);
    }
  }

  async function reviewed({ event }: Item, process: Process): Promise<Settlement | undefined> {
    const delivery = topics.replayed(event, options.dataOf(event));
    const settlement = await process.run(options.handling.replayJob(delivery));
    topics.forget(delivery.message);
    return settlement;
  }

  for (let runs = 1; runs <= MOST_RUNS; runs += 1) {
    const process = fleet.apart();
    await run(process);
    if (process.alive()) {
      process.end();
      const missed = items.find((item) => !seen.has(item));
      if (missed !== undefined)
        scheduler.fail(`a replay ended without an event of kind ${missed.event.kind}`);
      return;
    }
    await new Promise<void>((resolve) => {
      scheduler.after(UNTIL_NEXT_RUN_MS, () => "the replay is started again", resolve);
    });
  }
}

function isDone(settlement: Settlement | undefined): boolean {
  return settlement !== undefined && ["attested", "decided", "ignored"].includes(settlement.outcome);
}
