import { formatReference, nameOf } from "../image/reference.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type Found, isUnreadable, type ReplayEvent, type Source, type Unreadable } from "./event.ts";
import { type Selection, select } from "./filter.ts";
import { createPace } from "./pace.ts";
import { createTally, type Group, isDone, type Outcome, type Summary } from "./tally.ts";

/** Does with an event what it is replayed for. Throws a fault that every other event would meet too; all others are outcomes. */
export type Sink = (event: ReplayEvent) => Promise<Outcome>;

export interface ReplayRequest {
  readonly source: Source;
  /** Without one nothing is replayed: what would be is counted. */
  readonly sink?: Sink | undefined;
  /** Whether what the sink does lasts. Where it does not, as in a dry run of checks, nothing counts as done. */
  readonly lasting: boolean;
  readonly selection: Selection;
  readonly checkpoint: Checkpoint;
  /** Events that are handled at once. */
  readonly concurrency: number;
  /** Events that are begun in a second, at most. */
  readonly rate?: number | undefined;
  /** Takes what cannot be read out of its source, where it was selected beyond doubt. */
  readonly discard: boolean;
  /** The time that finding out what an event is may take, in milliseconds. */
  readonly deadline: (milliseconds: number) => AbortSignal;
}

/** Is told how a replay goes; changes nothing. */
export interface Listener {
  /** What became of one event. */
  outcome(where: string, outcome: Outcome): void;
  /** How far the source has come, and of how much where that is known, in its own units; and what there was so far. */
  progress(through: number, of: number | undefined, summary: Summary): void;
}

export interface Replayed {
  readonly summary: Summary;
  readonly groups: readonly Group[];
  /** How many events were left out because nobody knows when they happened, though a window of time was asked for. */
  readonly untimed: number;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
}

const READING_MS = 60_000;

/**
 * Feeds every selected event of a source to a sink, some at once, and tells what became of each. An event counts as done only
 * after the sink is through with it; then it is written to the checkpoint, and then taken out of its source. When `stop` aborts,
 * no further event is begun; it returns when those in flight are finished. Throws what the source and the sink throw.
 */
export async function replay(
  request: ReplayRequest,
  listener: Listener,
  stop: AbortSignal,
): Promise<Replayed> {
  const { source, selection, checkpoint, sink } = request;
  const lasting = sink !== undefined && request.lasting;
  const tally = createTally();
  const pace = createPace(request.rate);
  const broken = new AbortController();
  const ended = AbortSignal.any([stop, broken.signal]);
  const begun = new Set<string>();
  const { filters, since, until } = selection;
  const isWindow = since !== undefined || until !== undefined;
  let untimed = 0;
  let through = 0;

  /** What becomes of something that was selected; nothing where it is no longer to be begun. */
  async function feed(read: ReplayEvent | Unreadable, mayDiscard: boolean): Promise<Outcome | undefined> {
    if (isUnreadable(read)) return unreadable(read, mayDiscard);
    const { push, reason, detail } = read;
    if (push.kind === "ignored") return { kind: "ignored", reason: push.reason };
    if (sink === undefined) {
      return { kind: "selected", reason: reason ?? nameOf(push.image), sentence: detail };
    }
    await pace(ended);
    return ended.aborted ? undefined : await sink(read);
  }

  async function handle(found: Found): Promise<void> {
    tally.seen();
    const read = await found.read(() => request.deadline(READING_MS));
    const selected = select(selection, read);
    if (isWindow && read.time === undefined && select({ filters }, read) === "yes") untimed += 1;
    if (selected === "no" || begun.has(read.key)) return;
    if (source.distinct && !isUnreadable(read)) begun.add(read.key);
    tally.matched();
    if (!isUnreadable(read) && checkpoint.has(read.key)) {
      tally.resumed();
      if (lasting) await found.acknowledge?.();
      return;
    }
    const outcome = await feed(read, request.discard && selected === "yes");
    if (outcome === undefined) return;
    if (lasting && isDone(outcome)) {
      await checkpoint.add(read.key);
      await found.acknowledge?.();
    }
    tally.outcome(outcome);
    listener.outcome(placeOf(found, read), outcome);
  }

  const events = source.events(ended)[Symbol.asyncIterator]();
  async function work(): Promise<void> {
    while (!ended.aborted) {
      const next = await events.next();
      if (next.done === true) return;
      await handle(next.value);
      through = Math.max(through, next.value.through);
      listener.progress(through, next.value.of, tally.summary());
    }
  }
  const workers = Array.from({ length: request.concurrency }, () =>
    work().catch((fault: unknown) => {
      broken.abort();
      throw fault;
    }),
  );
  const settled = await Promise.allSettled(workers);
  await events.return?.();
  for (const worker of settled) if (worker.status === "rejected") throw worker.reason;
  return { summary: tally.summary(), groups: tally.groups(), untimed, stopped: stop.aborted };
}

/** Where something stands, and the image that it is about. */
function placeOf({ where }: Found, read: ReplayEvent | Unreadable): string {
  if (isUnreadable(read) || read.push.kind === "ignored") return where;
  const image = formatReference(read.push.image);
  return where.endsWith(image) ? where : `${where} (${image})`;
}

function unreadable({ error: { code, message } }: Unreadable, mayDiscard: boolean): Outcome {
  return mayDiscard
    ? { kind: "ignored", reason: `discarded: ${code}`, sentence: message }
    : { kind: "failed", reason: code, sentence: message };
}
