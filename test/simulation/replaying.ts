import type { Checkpoint } from "../../lib/replay/checkpoint.ts";
import { deadLetters } from "../../lib/replay/dead-letter-source.ts";
import type { Source } from "../../lib/replay/event.ts";
import { eventsIn } from "../../lib/replay/file-source.ts";
import type { Listener, Sink } from "../../lib/replay/replay.ts";
import { isDone, type Outcome } from "../../lib/replay/tally.ts";
import type { Fleet, Process } from "./fleet.ts";
import type { Core } from "./instance.ts";
import { EPOCH } from "./names.ts";
import type { Message } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Topics } from "./topics.ts";

export interface ReplayingOptions {
  readonly scheduler: Scheduler;
  readonly fleet: Fleet;
  readonly topics: Topics;
  readonly replay: Core["replay"];
  /** Is told what a process made of an event. */
  readonly replayed: (process: Process, data: Uint8Array, from: number, outcome: Outcome) => void;
}

export interface Replaying {
  readonly of: "history" | "dead letters";
  readonly how: "topic" | "in process";
  /** The lines of the file of events, where that is what is replayed. */
  readonly lines: readonly string[];
  readonly concurrency: number;
}

const MOST_RUNS = 20;
const UNTIL_NEXT_RUN_MS = 60_000;

/**
 * Runs `voucher replay`, in processes that may die: where one does, or could not be through with everything, somebody starts
 * the next a minute later, from the checkpoint. What was written into that must have been done.
 */
export async function runReplay(replaying: Replaying, options: ReplayingOptions): Promise<void> {
  const { scheduler, fleet } = options;
  const done = new Set<string>();
  let written = new Set<string>();
  for (let runs = 1; runs <= MOST_RUNS; runs += 1) {
    const process = fleet.apart();
    const told = await runOnce(replaying, options, process, { done, written });
    if (process.alive()) {
      process.end();
      const missed = told.seen.find((key) => !done.has(key) && !told.reported.has(key));
      if (missed !== undefined) scheduler.fail(`a replay ended, and never came to ${missed}`);
      return;
    }
    written = new Set([...written, ...told.written]);
    await new Promise<void>((resolve) => {
      scheduler.after(UNTIL_NEXT_RUN_MS, () => "the replay is started again", resolve);
    });
  }
}

interface Told {
  /** The keys of what the source held. */
  readonly seen: string[];
  /** Those that were said to have failed, or to wait. */
  readonly reported: Set<string>;
  readonly written: Set<string>;
}

async function runOnce(
  { of, how, lines, concurrency }: Replaying,
  { scheduler, topics, replay, replayed }: ReplayingOptions,
  process: Process,
  { done, written }: { readonly done: Set<string>; readonly written: ReadonlySet<string> },
): Promise<Told> {
  const told: Told = { seen: [], reported: new Set(), written: new Set() };
  const checkpoint: Checkpoint = {
    has: (key) => written.has(key),
    add: async (key) => void told.written.add(key),
    close: async () => {},
  };
  const sink = process.program.sink(how);
  const watched: Sink = async (event) => {
    const from = scheduler.now();
    const outcome = await sink(event);
    if (!process.alive()) return outcome;
    if (how === "in process") replayed(process, event.message.data, from, outcome);
    if (isDone(outcome)) done.add(event.key);
    else told.reported.add(event.key);
    return outcome;
  };
  const discard = (letter: Message) => {
    if (!done.has(letter.id)) scheduler.fail(`${letter.id} was taken out before its event was done`);
    topics.discard(letter);
  };
  const source =
    of === "history" ? eventsIn(fileOf(lines)) : deadLetters("letters", backlogOf(topics, discard));
  const running = replay(
    {
      source: noting(source, told, done),
      sink: watched,
      selection: { filters: [] },
      checkpoint,
      concurrency,
      discard: false,
      lasting: true,
      deadline: process.clock.deadline,
    },
    SILENT,
    new AbortController().signal,
  );
  // A topic that refuses ends the replay with that error, and whoever started it starts it again.
  await Promise.race([running.catch(() => process.kill("as the topic refuses")), process.died]);
  return told;
}

const SILENT: Listener = { outcome: () => {}, progress: () => {} };

function fileOf(lines: readonly string[]) {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  async function* chunks() {
    const middle = Math.floor(bytes.length / 2);
    yield bytes.subarray(0, middle);
    yield bytes.subarray(middle);
  }
  return { name: "events.jsonl", chunks, size: bytes.length };
}

function backlogOf(topics: Topics, discard: (letter: Message) => void) {
  return {
    async *messages() {
      for (const letter of [...topics.letters]) {
        const { id: messageId, data, attributes, published } = letter;
        const envelope = { messageId, data, attributes, publishTime: new Date(EPOCH + published) };
        yield { envelope, acknowledge: async () => discard(letter) };
      }
    },
    release: async () => {},
  };
}

/** Remembers what a source holds. What cannot be read, or needs no review, is none of the sink's business. */
function noting(source: Source, told: Told, done: Set<string>): Source {
  return {
    ...source,
    async *events(stop) {
      for await (const found of source.events(stop)) {
        const read = await found.read(() => new AbortController().signal);
        told.seen.push(read.key);
        if ("error" in read) told.reported.add(read.key);
        else if (read.push.kind === "ignored") done.add(read.key);
        yield found;
      }
    },
  };
}
