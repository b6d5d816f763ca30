import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { GoogleError } from "../google/google-error.ts";
import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Observer } from "../ports.ts";
import { filterOf, type Kind, SUBJECTS_PER_LIST } from "./filter.ts";
import { occurrencesPath, resourceUriOf, resourceUrisOf } from "./names.ts";
import { type Occurrence, parseOccurrence } from "./occurrence.ts";
import { noSuchAnswer, purposeOf } from "./purpose.ts";

/** Where a list looks, and what with. */
export interface Listing {
  readonly rest: Rest;
  readonly project: string;
  readonly kind: Kind;
  readonly signal: AbortSignal;
  /** Is told of occurrences that cannot be read. */
  readonly observer: Observer | undefined;
}

const PAGE_SIZE = "1000";
/** More than a handful of images ever has: a server that never comes to its last page must not keep us. */
const MOST_PAGES = 100;
/** Answers to a request that is too long in one way or another. */
const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 414]);

const PageSchema = z.object({
  occurrences: z._default(z.array(z.unknown()), []),
  nextPageToken: z._default(z.string(), ""),
});
const NamedSchema = z.object({ name: z.string() });

/** Every occurrence on `subjects`: a few of them a list, the lists in parallel, every page. */
export async function listOccurrences(
  listing: Listing,
  subjects: readonly Canonical[],
): Promise<readonly Occurrence[]> {
  const distinct = new Map(subjects.map((subject) => [resourceUriOf(subject), subject]));
  const pieces = piecesOf([...distinct.values()], SUBJECTS_PER_LIST);
  return together(pieces, listing, listPiece);
}

async function listPiece(listing: Listing, subjects: readonly Canonical[]): Promise<readonly Occurrence[]> {
  try {
    return await listPages(listing, subjects);
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
  list: (listing: Listing, piece: readonly Canonical[]) => Promise<readonly Occurrence[]>,
): Promise<readonly Occurrence[]> {
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

async function listPages(listing: Listing, subjects: readonly Canonical[]): Promise<readonly Occurrence[]> {
  const { project, kind } = listing;
  const wanted = new Set(subjects.flatMap(resourceUrisOf));
  const filter = filterOf(kind, subjects);
  const found = new Map<string, Occurrence>();
  let pageToken = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { occurrences, nextPageToken } = await listPage(listing, filter, pageToken);
    for (const one of occurrences) {
      // Not every server honours every filter.
      if (one.kind === kind && wanted.has(one.resourceUri)) found.set(one.name, one);
    }
    if (nextPageToken === "") return [...found.values()];
    pageToken = nextPageToken;
  }
  const message = `project ${project} has more than ${MOST_PAGES} pages of ${kind} occurrences on ${subjects.length} images`;
  throw new VoucherError("limit", message);
}

async function listPage(
  { rest, project, kind, signal, observer }: Listing,
  filter: string,
  pageToken: string,
) {
  const purpose = purposeOf(`list ${kind} occurrences in project ${project}`, "occurrences.list", project);
  const query = { filter, pageSize: PAGE_SIZE, ...(pageToken === "" ? {} : { pageToken }) };
  const path = occurrencesPath(project);
  const page = PageSchema.safeParse(
    await rest.call({ purpose, method: "GET", path, query, repeat: "always" }, signal),
  );
  if (!page.success) throw noSuchAnswer(purpose);
  const { occurrences, nextPageToken } = page.data;
  return { occurrences: occurrences.flatMap((document) => readOrReport(document, observer)), nextPageToken };
}

function readOrReport(document: unknown, observer: Observer | undefined): readonly Occurrence[] {
  const occurrence = parseOccurrence(document);
  if (occurrence !== undefined) return [occurrence];
  const name = NamedSchema.safeParse(document).data?.name ?? "";
  observer?.record("WARNING", "an occurrence cannot be read and is passed over", {
    occurrence: name.slice(0, 200),
  });
  return [];
}

/** Splits `items` into pieces of at most `size`. */
function piecesOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
