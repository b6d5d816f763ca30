import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import pLimit, { type LimitFunction } from "p-limit";
import { VoucherError } from "../../errors.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type { Tagged } from "../../registry/client.ts";
import type { Documents } from "../../registry/registry.ts";
import type { NewManifest } from "../../registry/writer.ts";
import { abandoned } from "../../retry.ts";

/** What a tag is to name next, seen what it names now; `undefined` where that is right already. */
export type Edit = (now: Tagged | undefined) => Promise<NewManifest | undefined> | NewManifest | undefined;

/** Changes what a tag names, beside others who do. */
export type EditTag = (
  documents: Pick<Documents, "tagged" | "putManifest">,
  tag: Reference,
  edit: Edit,
  signal: AbortSignal,
) => Promise<Tagged | undefined>;

const MOST_TRIES = 8;
const MOST_TAGS = 1000;

/**
 * Edits tags without losing what others wrote at the same time: the new state is put only over the one that was read, where
 * the registry looks at `If-Match`; it is read back, and whatever is missing then is put again. This process edits a tag
 * once at a time. Returns the state that was found right; throws `conflict`, retryable, where others are always faster.
 *
 * `backOff` is the longest pause before an edit that was lost is made again, in milliseconds; it doubles from try to try.
 */
export function createEditTag(backOff: number): EditTag {
  const turns = new LRUCache<string, LimitFunction>({ max: MOST_TAGS });

  const editTag: EditTag = async (documents, tag, edit, signal) => {
    for (let tries = 0; ; tries += 1) {
      // What was written first is read back at once; from then on whoever writes as well is given some time.
      if (tries > 1) await pause(tries - 2, signal);
      const now = await documents.tagged(tag, signal);
      const next = await edit(now);
      if (next === undefined) return now;
      if (tries === MOST_TRIES) throw tooFast(tag);
      const condition = now === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: now.etag };
      await documents.putManifest(tag, next, signal, condition).catch(ignoreConflict);
    }
  };

  async function pause(times: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(Math.random() * backOff * 2 ** times, undefined, { signal });
    } catch {
      throw abandoned(signal);
    }
  }

  return (documents, tag, edit, signal) => {
    const key = formatReference(tag);
    const turn = turns.get(key) ?? pLimit(1);
    turns.set(key, turn);
    return turn(() => editTag(documents, tag, edit, signal));
  };
}

function tooFast(tag: Reference): VoucherError {
  const message = `${formatReference(tag)} is changed by others all the time`;
  return new VoucherError("conflict", message, { retryable: true });
}

/** Somebody was faster: what they wrote is read next. */
function ignoreConflict(fault: unknown): void {
  if (!(fault instanceof VoucherError && fault.code === "conflict")) throw fault;
}
