import * as z from "zod/mini";
import { asVoucherError, VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";
import { nameOf, parseReference, type Reference } from "../image/reference.ts";
import { abandoned } from "../retry.ts";
import type { Caller } from "./caller.ts";
import { tagsUrl } from "./endpoint.ts";
import type { Answer } from "./exchange.ts";
import { about } from "./failure.ts";
import { printable } from "./text.ts";

/** Not configurable: what is more is no list that a person keeps. */
const MOST_PAGES = 1000;
const MOST_TAGS = 100_000;
const PAGE_BYTES = 4 * 1024 * 1024;

const Page = z.object({ tags: z.nullable(z.array(z.string())) });

/**
 * Returns every tag of the repository that `of` names, each once, in the registry's order: all pages of
 * `GET /v2/<name>/tags/list` (OCI distribution specification, "Listing Tags"). Throws VoucherErrors that name it.
 */
export async function listTags(
  caller: Caller,
  of: Reference,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const tags = new Set<string>();
  const first = tagsUrl(of, caller.schemes);
  try {
    let url: URL | undefined = first;
    for (let pages = 0; url !== undefined; pages += 1) {
      const page: Answer = await getPage(caller, of, url, signal);
      for (const tag of tagsIn(page, of)) tags.add(tag);
      if (pages === MOST_PAGES || tags.size > MOST_TAGS) {
        throw new VoucherError(
          "limit",
          `it has more than ${MOST_TAGS} tags, or more than ${MOST_PAGES} pages of them`,
        );
      }
      url = nextPage(page, url);
    }
    return [...tags];
  } catch (thrown) {
    if (signal.aborted) throw abandoned(signal);
    throw about(`the tags of ${nameOf(of)}`, asVoucherError(thrown));
  }
}

function getPage(caller: Caller, of: Reference, url: URL, signal: AbortSignal): Promise<Answer> {
  const error = () => new VoucherError("limit", `a page of tags has more than ${PAGE_BYTES} bytes`);
  const call = { url, headers: { accept: "application/json" }, most: { bytes: PAGE_BYTES, error } };
  return caller.get(of, call, signal);
}

function tagsIn({ bytes }: Answer, { registry, repository }: Reference): readonly string[] {
  const page = Page.safeParse(parseJson(bytes));
  if (!page.success) throw new VoucherError("malformed", "the registry's answer is no list of tags");
  const tags = page.data.tags ?? [];
  const odd = tags.find((tag) => !isTag(registry, repository, tag));
  if (odd === undefined) return tags;
  throw new VoucherError(
    "malformed",
    `the registry lists the tag "${printable(odd)}", which no image can have`,
  );
}

/** Whether `tag` is one by the grammar of references: it becomes a part of names and URLs. */
function isTag(registry: string, repository: string, tag: string): boolean {
  try {
    return parseReference(`${registry}/${repository}:${tag}`).tag === tag;
  } catch {
    return false;
  }
}

/** The page after this one, by its `Link` (RFC 8288). Only its query counts: the list stays where it is. */
function nextPage({ headers }: Answer, url: URL): URL | undefined {
  const target = /<([^<>]*)>\s*;[^,<]*\brel="?next\b/i.exec([headers["link"] ?? []].flat().join(", "))?.[1];
  if (target === undefined) return undefined;
  const next = new URL(url);
  const link = URL.parse(target, url.href);
  next.search = link?.search ?? "";
  if (link?.pathname !== url.pathname || next.search === url.search) {
    throw new VoucherError(
      "malformed",
      "the registry's list of tags goes on at something that is no next page",
    );
  }
  return next;
}
