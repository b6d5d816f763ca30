import type { VoucherError } from "../errors.ts";
import type { Push } from "../event/push.ts";
import type { Message } from "../ports.ts";

/** What is known of something besides what it announces. */
interface Known {
  /** Tells it from everything else in its source, in every run. */
  readonly key: string;
  /** Why it was dead-lettered, where it was. */
  readonly reason?: string;
  /** The same in a sentence. */
  readonly detail?: string;
  /** When it happened, where that is told. */
  readonly time?: Date;
}

/** An event that can be fed again. */
export interface ReplayEvent extends Known {
  readonly push: Push;
  /** The message to deliver or publish, as if nobody had ever seen it. */
  readonly message: Message;
}

/** What a source holds in place of an event: nothing can be made of it, or not now. */
export interface Unreadable extends Known {
  readonly error: VoucherError;
}

/** One thing that a source holds. */
export interface Found {
  /** What it is for people: a line's number, an image, a message's id. */
  readonly where: string;
  /** How far its source has come with it, in units of its own. */
  readonly through: number;
  /** How much there is in those units, where that is known. */
  readonly of?: number | undefined;
  /** Finds out what it is, within a `deadline` where somebody has to be asked. Never throws. */
  read(deadline: () => AbortSignal): Promise<ReplayEvent | Unreadable> | ReplayEvent | Unreadable;
  /** Takes it out of its source, where a source is emptied by replaying it. */
  acknowledge?(): Promise<void>;
}

/** Where events come from. */
export interface Source {
  /** What it is, in words that are the same in every run. */
  readonly name: string;
  /** Whether what bears one key is replayed once, however often the source has it. */
  readonly distinct: boolean;
  /** Ends early, and soon, where `stop` aborts. Throws VoucherErrors where the source itself cannot be read. */
  events(stop: AbortSignal): AsyncIterable<Found>;
}

export function isUnreadable(read: ReplayEvent | Unreadable): read is Unreadable {
  return "error" in read;
}
