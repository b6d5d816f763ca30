import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import type { Purpose } from "../google/google-error.ts";
import type { Rest } from "../google/rest.ts";
import { noSuchAnswer } from "./purpose.ts";

/** What is listed, and where. */
export interface PagesOptions {
  readonly rest: Rest;
  /** The path of a project's occurrences. */
  readonly path: string;
  readonly purpose: Purpose;
  /** Left out where the server is to answer with everything it has. */
  readonly filter?: string | undefined;
  /** A server that never comes to its last page must not keep us. */
  readonly mostPages: number;
  readonly signal: AbortSignal;
}

const LARGEST_PAGE = 1000;
/** Vulnerabilities come with long texts: where a page is too large to be read, one a quarter as long is asked for. */
const SHRINKS_TO = 4;
const SMALLEST_PAGE = 15;

const PageSchema = z.object({
  occurrences: z._default(z.array(z.unknown()), []),
  nextPageToken: z._default(z.string(), ""),
});

/**
 * Every page of a list, each as the documents on it, still to be parsed. Throws what {@link Rest} throws, a retryable
 * `unavailable` for an answer that is no page, and `limit` after `mostPages`.
 */
export async function* listPages(options: PagesOptions): AsyncGenerator<readonly unknown[]> {
  const { purpose, mostPages } = options;
  let pageToken = "";
  let pageSize = LARGEST_PAGE;
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await readPage(options, pageToken, pageSize);
    pageSize = answer.pageSize;
    yield answer.occurrences;
    if (answer.nextPageToken === "") return;
    pageToken = answer.nextPageToken;
  }
  const message = `${purpose.api} was to ${purpose.action} and had no end after ${mostPages} pages`;
  throw new VoucherError("limit", message);
}

async function readPage(options: PagesOptions, pageToken: string, pageSize: number) {
  const { rest, path, purpose, filter, signal } = options;
  const query = {
    ...(filter === undefined ? {} : { filter }),
    pageSize: String(pageSize),
    ...(pageToken === "" ? {} : { pageToken }),
  };
  let answer: unknown;
  try {
    answer = await rest.call({ purpose, method: "GET", path, query, repeat: "always" }, signal);
  } catch (fault) {
    const smaller = Math.floor(pageSize / SHRINKS_TO);
    if (!(fault instanceof VoucherError && fault.code === "limit") || smaller < SMALLEST_PAGE) throw fault;
    return readPage(options, pageToken, smaller);
  }
  const page = PageSchema.safeParse(answer);
  if (!page.success) throw noSuchAnswer(purpose);
  return { ...page.data, pageSize };
}
