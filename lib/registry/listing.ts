import { asVoucherError, VoucherError } from "../errors.ts";
import { nameOf, type Reference } from "../image/reference.ts";
import type { ListedManifest, Listing } from "../ports/sources.ts";
import { abandoned } from "../retry.ts";
import type { Caller } from "./caller.ts";
import { isGoogleHost } from "./credentials.ts";
import { tagsUrl } from "./endpoint.ts";
import type { Answer } from "./exchange.ts";
import { about } from "./failure.ts";
import { readListingPage } from "./listing-page.ts";
import { nextPage } from "./pages.ts";

/** Not configurable: what is more is no list that a person keeps. */
const MOST_PAGES = 1000;
const MOST_LISTED = 250_000;
const PAGE_BYTES = 4 * 1024 * 1024;
/** Google's registries answer with a whole repository at once. */
const GOOGLE_PAGE_BYTES = 64 * 1024 * 1024;

/**
 * Returns every tag of the repository that `of` names, each once, in the registry's order: all pages of
 * `GET /v2/<name>/tags/list` (OCI distribution specification, "Listing Tags"); and every manifest, where the registry is one
 * of Google's. Throws VoucherErrors that name the repository.
 */
export async function listRepository(caller: Caller, of: Reference, signal: AbortSignal): Promise<Listing> {
  const isGoogle = isGoogleHost(of.registry);
  const tags = new Set<string>();
  const manifests = new Map<string, ListedManifest>();
  try {
    let url: URL | undefined = tagsUrl(of, caller.schemes);
    // Asked for pages, they might tell of a page's tags alone.
    if (isGoogle) url.search = "";
    for (let pages = 0; url !== undefined; pages += 1) {
      const answer: Answer = await getPage(
        caller,
        of,
        url,
        isGoogle ? GOOGLE_PAGE_BYTES : PAGE_BYTES,
        signal,
      );
      const page = readListingPage(answer.bytes, of, isGoogle);
      for (const tag of page.tags) tags.add(tag);
      for (const manifest of page.manifests ?? []) manifests.set(manifest.digest, manifest);
      if (pages === MOST_PAGES || Math.max(tags.size, manifests.size) > MOST_LISTED) {
        throw new VoucherError(
          "limit",
          `it has more than ${MOST_LISTED} tags or manifests, or more than ${MOST_PAGES} pages of them`,
        );
      }
      url = nextPage(answer, url, "tags");
    }
    return { tags: [...tags], ...(isGoogle ? { manifests: [...manifests.values()] } : {}) };
  } catch (thrown) {
    if (signal.aborted) throw abandoned(signal);
    throw about(`the tags of ${nameOf(of)}`, asVoucherError(thrown));
  }
}

function getPage(
  caller: Caller,
  of: Reference,
  url: URL,
  bytes: number,
  signal: AbortSignal,
): Promise<Answer> {
  const error = () => new VoucherError("limit", `a page of tags has more than ${bytes} bytes`);
  const call = { url, headers: { accept: "application/json" }, most: { bytes, error } };
  return caller.send(of, call, signal);
}
