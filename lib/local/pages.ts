import { invalid } from "./grafeas-document.ts";

/** What a list asks for. */
export interface ListRequest {
  readonly filter: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}

/** Something that is listed, and where it stands in the order of creation. */
export interface Ordered<Item> {
  readonly order: number;
  readonly item: Item;
}

const DEFAULT_SIZE = 20;
const LARGEST_SIZE = 1000;

/**
 * Returns the page of `all` (in order) that is asked for. A page goes on after the last item of the one before, so
 * nothing is missed when items disappear meanwhile. Throws a refusal (400) for a page token of another list.
 */
export function pageOf<Item>(
  all: readonly Ordered<Item>[],
  { filter, pageSize, pageToken }: ListRequest,
): Page<Item> {
  if (!Number.isInteger(pageSize) || pageSize < 0 || pageSize > LARGEST_SIZE) {
    throw invalid(`page_size must be from 1 to ${LARGEST_SIZE}`);
  }
  const after = pageToken === "" ? 0 : readToken(pageToken, filter);
  const rest = all.filter(({ order }) => order > after);
  const page = rest.slice(0, pageSize || DEFAULT_SIZE);
  const last = page.at(-1);
  return {
    items: page.map(({ item }) => item),
    ...(last !== undefined && page.length < rest.length
      ? { nextPageToken: writeToken(last.order, filter) }
      : {}),
  };
}

function writeToken(after: number, filter: string): string {
  return Buffer.from(`${after} ${filter}`).toString("base64url");
}

function readToken(token: string, filter: string): number {
  const [, after, of] = /^(\d+) (.*)$/s.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (after === undefined || of !== filter) throw invalid("page_token is not one of this list");
  return Number(after);
}
