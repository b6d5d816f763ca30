import { VoucherError } from "../errors.ts";
import type { Answer } from "./exchange.ts";

/**
 * The page after this one of a list of `what`, by its `Link` (RFC 8288); `undefined` after the last. Only the link's query
 * counts: the list stays where it is. Throws `malformed` for a link that leads elsewhere, or to the same page again.
 */
export function nextPage({ headers }: Answer, url: URL, what: string): URL | undefined {
  const target = /<([^<>]*)>\s*;[^,<]*\brel="?next\b/i.exec([headers["link"] ?? []].flat().join(", "))?.[1];
  if (target === undefined) return undefined;
  const next = new URL(url);
  const link = URL.parse(target, url.href);
  next.search = link?.search ?? "";
  if (link?.pathname !== url.pathname || next.search === url.search) {
    throw new VoucherError(
      "malformed",
      `the registry's list of ${what} goes on at something that is no next page`,
    );
  }
  return next;
}
