import { VoucherError } from "../../lib/errors.ts";
import { parsePush } from "../../lib/event/push.ts";
import { type Digest, digestOf } from "../../lib/image/digest.ts";
import { type Canonical, formatReference, parseCanonical } from "../../lib/image/reference.ts";
import type { Listing, Repositories } from "../../lib/ports/sources.ts";
import type { Found, ReplayEvent, Source, Unreadable } from "../../lib/replay/event.ts";
import type { InputFile } from "../../lib/replay/file-source.ts";

/** Image number `number`. */
export function image(number: number, name = "gcr.io/project/app"): Canonical {
  return parseCanonical(`${name}@${digestOf(Buffer.from(`image ${number}`))}`);
}

/** The bytes of a push event. */
export function push(of: Canonical, tag?: string): Uint8Array {
  const tagged = tag === undefined ? {} : { tag: `${of.registry}/${of.repository}:${tag}` };
  return Buffer.from(JSON.stringify({ action: "INSERT", digest: formatReference(of), ...tagged }));
}

export function eventOf(data: Uint8Array, more: Partial<ReplayEvent> = {}): ReplayEvent {
  return { key: `key of ${data}`, push: parsePush(data), message: { data, attributes: {} }, ...more };
}

/** A source of these, in this order; each that is taken out of it is kept in `acknowledged` by its key. */
export function sourceOf(
  items: readonly (ReplayEvent | Unreadable)[],
  options: { readonly distinct?: boolean; readonly before?: (at: number) => Promise<void> } = {},
): Source & { readonly acknowledged: readonly string[] } {
  const acknowledged: string[] = [];
  return {
    name: "a list",
    distinct: options.distinct ?? false,
    acknowledged,
    async *events(stop): AsyncGenerator<Found> {
      for (const [at, item] of items.entries()) {
        await options.before?.(at);
        if (stop.aborted) return;
        yield {
          where: `item ${at + 1}`,
          through: at + 1,
          of: items.length,
          read: () => item,
          acknowledge: async () => void acknowledged.push(item.key),
        };
      }
    },
  };
}

/** A file of these bytes. */
export function fileOf(content: string | Uint8Array, name = "/events.jsonl"): InputFile {
  const bytes = Buffer.from(content);
  return {
    name,
    size: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}

/** Everything that a source has, read: as `where`, and the event or why there is none. */
export async function everythingOf(source: Source, stop = new AbortController().signal) {
  const all: { readonly found: Found; readonly read: ReplayEvent | Unreadable }[] = [];
  for await (const found of source.events(stop)) {
    all.push({ found, read: await found.read(() => AbortSignal.timeout(10_000)) });
  }
  return all;
}

/** What was found in a few words: the image and tag of a push, or why it is none. */
export function inWords(read: ReplayEvent | Unreadable): string {
  if ("error" in read) return `${read.error.code}: ${read.error.message}`;
  if (read.push.kind === "ignored") return "ignored";
  const { image: of, tag } = read.push;
  return formatReference({ ...of, ...(tag === undefined ? {} : { tag }) });
}

/** A registry that holds this; a tag that it does not know is not found. */
export function repositoriesOf(
  listing: Listing,
  tags: { readonly [tag: string]: Digest } = {},
): Repositories & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  return {
    asked,
    async list(repository) {
      asked.push(`list ${formatReference(repository)}`);
      return listing;
    },
    async digestOf(reference) {
      asked.push(formatReference(reference));
      const digest = tags[reference.tag ?? ""];
      if (digest === undefined) throw new VoucherError("not-found", `${reference.tag} is not there`);
      return digest;
    },
  };
}
