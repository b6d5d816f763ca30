import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { GoogleError } from "../google/google-error.ts";
import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Log } from "../ports.ts";
import { filterOf, type Kind, SUBJECTS_PER_LIST } from "./filter.ts";
import { type NoteId, occurrencesPath, resourceUriOf, resourceUrisOf } from "./names.ts";
import { type Occurrence, parseOccurrence } from "./occurrence.ts";
import { listPages } from "./pages.ts";
import { purposeOf } from "./purpose.ts";

/** Where a list of Grafeas v1 looks, what for, and what with. */
export interface Listing {
  readonly rest: Rest;
  readonly project: string;
  readonly kind: Kind;
  /** Only what stands under this note. */
  readonly note?: NoteId;
  readonly signal: AbortSignal;
  /** What an occurrence that cannot be read does: it is left out and reported, or it fails the list. */
  readonly unreadable: "pass over" | "fail";
  readonly observer: Log | undefined;
}

/** An occurrence that was asked for, and the document that it was read from. */
export interface Listed {
  readonly occurrence: Occurrence;
  readonly subject: Canonical;
  readonly document: unknown;
}

/** More than a handful of images ever has. */
const MOST_PAGES = 100;
/** Answers to a request that is too long in one way or another. */
const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 414]);

const NamedSchema = z.object({ name: z.string() });

/** Every occurrence on `subjects`: a few of them a list, the lists in parallel, every page. */
export async function listOccurrences(
  listing: Listing,
  subjects: readonly Canonical[],
): Promise<readonly Listed[]> {
  const distinct = new Map(subjects.map((subject) => [resourceUriOf(subject), subject]));
  const pieces = piecesOf([...distinct.values()], SUBJECTS_PER_LIST);
  return together(pieces, listing, listPiece);
}

async function listPiece(listing: Listing, subjects: readonly Canonical[]): Promise<readonly Listed[]> {
  try {
    return await listAll(listing, subjects);
  } catch (fault) {
    // How long a filter may be is written nowhere; where it was too long, ask for fewer at once.
    if (subjects.length === 1 || !(fault instanceof GoogleError) || !TOO_LONG.has(fault.httpStatus))
      throw fault;
    const halves = piecesOf(subjects, Math.ceil(subjects.length / 2));
    return together(halves, listing, listPiece);
  }
}

/** Lists all `pieces` at once. The first failure ends the others, and is thrown when nothing is under way any more. */
async function together(
  pieces: readonly (readonly Canonical[])[],
  listing: Listing,
  list: (listing: Listing, piece: readonly Canonical[]) => Promise<readonly Listed[]>,
): Promise<readonly Listed[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([listing.signal, failed.signal]);
  const lists = pieces.map((piece) => list({ ...listing, signal }, piece));
  try {
    return (await Promise.all(lists)).flat();
  } catch (fault) {
    failed.abort(fault);
    await Promise.allSettled(lists);
    throw fault;
  }
}

async function listAll(listing: Listing, subjects: readonly Canonical[]): Promise<readonly Listed[]> {
  const { rest, project, kind, note, signal } = listing;
  const wanted = new Map(subjects.flatMap((subject) => resourceUrisOf(subject).map((uri) => [uri, subject])));
  const purpose = purposeOf(`list ${kind} occurrences in project ${project}`, "occurrences.list", project);
  const pages = listPages({
    rest,
    path: occurrencesPath(project),
    purpose,
    filter: filterOf(kind, subjects, note),
    mostPages: MOST_PAGES,
    signal,
  });
  const found = new Map<string, Listed>();
  for await (const documents of pages) {
    for (const document of documents) {
      const occurrence = readOccurrence(document, listing);
      const subject = occurrence === undefined ? undefined : wanted.get(occurrence.resourceUri);
      // Not every server honours every filter.
      if (occurrence !== undefined && subject !== undefined && isAskedFor(occurrence, listing))
        found.set(occurrence.name, { occurrence, subject, document });
    }
  }
  return [...found.values()];
}

function isAskedFor(occurrence: Occurrence, { kind, note }: Listing): boolean {
  if (occurrence.kind !== kind) return false;
  return (
    note === undefined || (occurrence.note.project === note.project && occurrence.note.note === note.note)
  );
}

function readOccurrence(document: unknown, { unreadable, observer, kind }: Listing): Occurrence | undefined {
  const occurrence = parseOccurrence(document);
  if (occurrence !== undefined) return occurrence;
  if (unreadable === "fail") throw cannotBeRead(kind, document);
  reportUnreadable(observer, document);
  return undefined;
}

/** Says that an occurrence is left out. */
export function reportUnreadable(observer: Log | undefined, document: unknown): void {
  const occurrence = nameOfDocument(document);
  observer?.record("WARNING", "an occurrence cannot be read and is passed over", { occurrence });
}

/** The error of an occurrence that must not be left out. */
export function cannotBeRead(kind: Kind, document: unknown): VoucherError {
  const name = JSON.stringify(nameOfDocument(document));
  return new VoucherError("malformed", `the ${kind} occurrence ${name} cannot be read`);
}

function nameOfDocument(document: unknown): string {
  return (NamedSchema.safeParse(document).data?.name ?? "").slice(0, 200);
}

/** Splits `items` into pieces of at most `size`. */
function piecesOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
