import { asVoucherError, VoucherError } from "../errors.ts";
import { algorithmOf, type Digest, digestOf, isDigest, names } from "../image/digest.ts";
import { essenceOf, MANIFEST_ACCEPT } from "../image/media-types.ts";
import { type Canonical, canonical, formatReference, type Reference } from "../image/reference.ts";
import { abandoned, retry } from "../retry.ts";
import type { Auth } from "./auth.ts";
import type { Content, ContentCache } from "./cache.ts";
import { blobUrl, isPlain, manifestUrl, type Schemes } from "./endpoint.ts";
import { type Answer, one } from "./exchange.ts";
import { about, refusal } from "./failure.ts";
import { Joined } from "./join.ts";
import { type Limits, pastLimit } from "./limits.ts";
import { type Followed, follow } from "./redirect.ts";
import type { Transport } from "./transport.ts";

/** Reads content from registries; every byte of it is verified. */
export interface Client {
  /** The manifest or index that `reference` names, by its digest where it has one. */
  manifest(reference: Reference, signal: AbortSignal): Promise<Content>;
  /** The blob that `reference` names, as far as it is no larger than an image config may be. */
  blob(reference: Canonical, signal: AbortSignal): Promise<Content>;
}

interface Wanted {
  readonly reference: Reference;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly limit: "manifestBytes" | "configBytes";
}

/** Throws VoucherErrors that name the image and say what to do. */
export function createClient(parts: {
  readonly transport: Transport;
  readonly auth: Auth;
  readonly cache: ContentCache;
  readonly limits: Limits;
  readonly schemes: Schemes;
}): Client {
  const { transport, auth, cache, limits, schemes } = parts;
  const flights = new Joined<Content>();

  /** Content that is cached, or on its way, or fetched now. */
  async function content(wanted: Wanted, signal: AbortSignal): Promise<Content> {
    const { reference, limit } = wanted;
    const key = (of: Reference) => `${limit} ${formatReference(of)}`;
    const { digest } = reference;
    const cached = digest === undefined ? undefined : cache.get(key(canonical(reference, digest)));
    if (cached !== undefined) return cached;
    const named = digest === undefined ? reference : canonical(reference, digest);
    return await flights.run(
      key(named),
      async (joint) => {
        const fetched = await fetch({ ...wanted, reference: named }, joint);
        cache.set(key(canonical(named, fetched.digest)), fetched);
        return fetched;
      },
      signal,
    );
  }

  async function fetch(wanted: Wanted, signal: AbortSignal): Promise<Content> {
    try {
      return await retry(async () => verified(wanted, await ask(wanted, signal)), { signal });
    } catch (thrown) {
      if (signal.aborted) throw abandoned(signal);
      throw about(formatReference(wanted.reference), asVoucherError(thrown));
    }
  }

  /** Asks once; signs in, or renews what it signed in with, at most once. */
  async function ask(wanted: Wanted, signal: AbortSignal): Promise<Answer> {
    const target = wanted.reference;
    const known = await auth.known(target, signal);
    let { answer, atHome } = await get(wanted, known, signal);
    if (answer.status === 401 && atHome) {
      const next = await auth.next(target, answer, known, signal);
      if (next !== undefined) ({ answer, atHome } = await get(wanted, next, signal));
    }
    if (answer.status !== 200) throw refusal(wanted.url.host, answer, auth.hint(target));
    return answer;
  }

  function get(wanted: Wanted, authorization: string | undefined, signal: AbortSignal): Promise<Followed> {
    const { url, limit } = wanted;
    const request = {
      url,
      reach: "anywhere" as const,
      headers: authorization === undefined ? wanted.headers : { ...wanted.headers, authorization },
      most: { bytes: limits[limit], error: () => pastLimit(limits, limit, "it is too large") },
    };
    return follow(transport, request, (to) => isPlain(to.host, schemes), signal);
  }

  return {
    async manifest(reference, signal) {
      const url = manifestUrl(reference, schemes);
      return await content(
        { reference, url, headers: { accept: MANIFEST_ACCEPT }, limit: "manifestBytes" },
        signal,
      );
    },
    async blob(reference, signal) {
      const url = blobUrl(reference, schemes);
      return await content({ reference, url, headers: {}, limit: "configBytes" }, signal);
    },
  };
}

/** The content of an answer, once its bytes are found to be what they were asked for by. */
function verified({ reference }: Wanted, answer: Answer): Content {
  const { bytes, headers } = answer;
  const mediaType = essenceOf(one(headers["content-type"]));
  const stated = statedDigest(bytes, one(headers["docker-content-digest"]));
  const wanted = reference.digest;
  if (wanted !== undefined && !names(wanted, bytes)) {
    const actual = digestOf(bytes, algorithmOf(wanted));
    throw new VoucherError(
      "digest-mismatch",
      `the registry sent other content, whose digest is ${actual}; do not use this image`,
    );
  }
  const digest = wanted ?? stated ?? digestOf(bytes);
  return { digest, bytes, ...(mediaType === undefined ? {} : { mediaType }) };
}

/** The digest that the registry states, which must be that of the bytes; `undefined` where it states none we know. */
function statedDigest(bytes: Uint8Array, header: string | undefined): Digest | undefined {
  const stated = header?.trim() ?? "";
  if (!isDigest(stated)) return undefined;
  if (names(stated, bytes)) return stated;
  throw new VoucherError(
    "digest-mismatch",
    `the registry states the digest ${stated} for content that is not it`,
  );
}
