import { VoucherError } from "../errors.ts";
import { nameOf } from "../image/reference.ts";
import { isUnreadable, type ReplayEvent, type Unreadable } from "./event.ts";
import { type Glob, parseGlob } from "./glob.ts";

const KEYS = ["repository", "digest", "tag", "reason"] as const;
type Key = (typeof KEYS)[number];

/** One `KEY=GLOB`. */
export interface Filter {
  readonly key: Key;
  readonly glob: Glob;
}

/** Which events are replayed: of the filters on one key any has to match, on every key that has some. */
export interface Selection {
  readonly filters: readonly Filter[];
  /** The first moment. */
  readonly since?: Date | undefined;
  /** The first moment after the last. */
  readonly until?: Date | undefined;
}

/** Whether something is selected; `unknown` where it cannot be read, and nothing that is known of it speaks against it. */
export type Selected = "yes" | "no" | "unknown";

/** Reads `KEY=GLOB`. Throws `usage`. */
export function parseFilter(text: string): Filter {
  const [written, glob] = text.split(/=(.*)/s);
  const key = KEYS.find((known) => known === written);
  if (key !== undefined && glob) return { key, glob: parseGlob(glob) };
  throw new VoucherError(
    "usage",
    `${JSON.stringify(text.slice(0, 200))} is no filter; write ${KEYS.join("|")}=GLOB, as in tag=v*`,
  );
}

/** Whether `event` is selected. What an event lacks matches nothing: no glob, and no window of time. */
export function select({ filters, since, until }: Selection, event: ReplayEvent | Unreadable): Selected {
  const byKey = Map.groupBy(filters, ({ key }) => key);
  const answers = [...byKey].map(([key, some]) => {
    const values = valuesOf(key, event);
    if (values === undefined) return "unknown";
    return values.some((value) => some.some(({ glob }) => glob(value))) ? "yes" : "no";
  });
  const isWindow = since !== undefined || until !== undefined;
  const all: readonly Selected[] = isWindow ? [...answers, within(since, until, event)] : answers;
  return all.find((answer) => answer === "no") ?? all.find((answer) => answer === "unknown") ?? "yes";
}

/** What an event has under `key`; `undefined` where that cannot be known. */
function valuesOf(key: Key, event: ReplayEvent | Unreadable): readonly string[] | undefined {
  if (key === "reason" && event.reason !== undefined) return [event.reason];
  if (isUnreadable(event)) return undefined;
  const { push } = event;
  if (key === "reason" || push.kind === "ignored") return [];
  const { image, tag } = push;
  if (key === "digest") return [image.digest];
  if (key === "tag") return tag === undefined ? [] : [tag];
  return [nameOf(image), image.repository];
}

function within(since: Date | undefined, until: Date | undefined, event: ReplayEvent | Unreadable): Selected {
  const { time } = event;
  if (time === undefined) return isUnreadable(event) ? "unknown" : "no";
  return (since === undefined || time >= since) && (until === undefined || time < until) ? "yes" : "no";
}
