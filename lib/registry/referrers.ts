import { asVoucherError, VoucherError } from "../errors.ts";
import { type Limits, pastLimit } from "../image/limits.ts";
import { OCI_INDEX } from "../image/media-types.ts";
import { type Canonical, formatReference } from "../image/reference.ts";
import { abandoned } from "../retry.ts";
import type { Caller } from "./caller.ts";
import { referrersUrl } from "./endpoint.ts";
import type { Answer } from "./exchange.ts";
import { about } from "./failure.ts";
import { nextPage } from "./pages.ts";
import { type Referrer, readReferrersIndex } from "./referrer.ts";

/** What registries answer that do not know the API: 404 by its specification, and in their own ways. */
const UNKNOWN_API = [400, 404, 405, 406, 501];
/** Not configurable: what is more is a flood. */
const MOST_PAGES = 64;

/**
 * Returns the manifests of one type that refer to `of`, each once: all pages of `GET /v2/<name>/referrers/<digest>` (OCI
 * distribution specification 1.1); `undefined` where the registry does not know that API. No more are read than one review
 * may have documents; past that it throws `limit`. Throws VoucherErrors that name the image.
 */
export async function listReferrers(
  { caller, limits }: { readonly caller: Caller; readonly limits: Limits },
  of: Canonical,
  artifactType: string,
  signal: AbortSignal,
): Promise<readonly Referrer[] | undefined> {
  const referrers = new Map<string, Referrer>();
  const large = () => pastLimit(limits, "manifestBytes", "a page of referrers is too large");
  const most = { bytes: limits.manifestBytes, error: large };
  const headers = { accept: OCI_INDEX };
  try {
    let url: URL | undefined = referrersUrl(of, artifactType, caller.schemes);
    for (let pages = 0; url !== undefined; pages += 1) {
      if (pages === MOST_PAGES)
        throw new VoucherError("limit", `it has more than ${MOST_PAGES} pages of referrers`);
      const expects = pages === 0 ? [200, ...UNKNOWN_API] : [200];
      const page: Answer = await caller.send(of, { url, headers, most, expects }, signal);
      if (page.status !== 200) return undefined;
      for (const one of readReferrersIndex(page.bytes).referrers) {
        if ((one.artifactType ?? artifactType) === artifactType) referrers.set(one.digest, one);
      }
      if (referrers.size > limits.documents)
        throw pastLimit(limits, "documents", `it has over ${limits.documents} referrers`);
      url = nextPage(page, url, "referrers");
    }
    return [...referrers.values()];
  } catch (thrown) {
    if (signal.aborted) throw abandoned(signal);
    throw about(`the referrers of ${formatReference(of)}`, asVoucherError(thrown));
  }
}
