import { asVoucherError, VoucherError } from "../errors.ts";
import { algorithmOf, type Digest, digestOf, isDigest, names } from "../image/digest.ts";
import { type Limits, pastLimit } from "../image/limits.ts";
import { essenceOf, MANIFEST_ACCEPT } from "../image/media-types.ts";
import { type Canonical, canonical, formatReference, type Reference } from "../image/reference.ts";
import { abandoned } from "../retry.ts";
import type { Content, ContentCache } from "./cache.ts";
import type { Caller } from "./caller.ts";
import { blobUrl, manifestUrl } from "./endpoint.ts";
import { type Answer, one } from "./exchange.ts";
import { about } from "./failure.ts";
import { Joined } from "./join.ts";

/** Reads content from registries; every byte of it is verified. */
export interface Client {
  /** The manifest or index that `reference` names, by its digest where it has one. */
  manifest(reference: Reference, signal: AbortSignal): Promise<Content>;
  /** What a tag names at this very moment, for writing it anew; `undefined` where there is no such tag. */
  tagged(reference: Reference, signal: AbortSignal): Promise<Tagged | undefined>;
  /** The blob that `reference` names, as far as it is no larger than an image config may be. */
  blob(reference: Canonical, signal: AbortSignal): Promise<Content>;
  /** Keeps what was just put, so that reading it takes no request. */
  keep(kind: "manifest" | "blob", of: Reference, content: Omit<Content, "digest">): void;
}

/** The content that a tag names. */
export interface Tagged extends Content {
  /** By which the registry tells this state from others; of its own making, or its digest. */
  readonly etag: string;
}

interface Wanted {
  readonly reference: Reference;
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly limit: "manifestBytes" | "configBytes";
}

/** Throws VoucherErrors that name the image and say what to do. */
export function createClient(parts: {
  readonly caller: Caller;
  readonly cache: ContentCache;
  readonly limits: Limits;
}): Client {
  const { caller, cache, limits } = parts;
  const { schemes } = caller;
  const flights = new Joined<Content>();

  /** Content that is cached, or on its way, or fetched now. */
  async function content(wanted: Wanted, signal: AbortSignal): Promise<Content> {
    const { reference, limit } = wanted;
    const key = keyOf(reference, limit);
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const call = async (joint: AbortSignal) => {
      const { etag: _, ...fetched } = await fetch(wanted, joint);
      cache.set(keyOf(canonical(reference, fetched.digest), limit), fetched);
      return fetched;
    };
    return await flights.run(key, call, signal);
  }

  async function fetch(wanted: Wanted, signal: AbortSignal): Promise<Tagged> {
    const { reference, url, headers, limit } = wanted;
    const most = { bytes: limits[limit], error: () => pastLimit(limits, limit, "it is too large") };
    try {
      const answer = await caller.send(reference, { url, headers, most }, signal);
      const content = verified(reference, answer);
      return { ...content, etag: one(answer.headers["etag"]) ?? `"${content.digest}"` };
    } catch (thrown) {
      if (signal.aborted) throw abandoned(signal);
      throw about(formatReference(reference), asVoucherError(thrown));
    }
  }

  function manifestAt(reference: Reference): Wanted {
    const url = manifestUrl(reference, schemes);
    return { reference, url, headers: { accept: MANIFEST_ACCEPT }, limit: "manifestBytes" };
  }

  return {
    async manifest(named, signal) {
      const reference = named.digest === undefined ? named : canonical(named, named.digest);
      return await content(manifestAt(reference), signal);
    },
    async tagged({ digest: _, ...reference }, signal) {
      try {
        return await fetch(manifestAt(reference), signal);
      } catch (thrown) {
        if (asVoucherError(thrown).code === "not-found") return undefined;
        throw thrown;
      }
    },
    async blob(reference, signal) {
      const url = blobUrl(reference, schemes);
      return await content({ reference, url, headers: {}, limit: "configBytes" }, signal);
    },
    keep(kind, of, put) {
      const digest = digestOf(put.bytes);
      const limit = kind === "manifest" ? "manifestBytes" : "configBytes";
      cache.set(keyOf(canonical(of, digest), limit), { ...put, digest });
    },
  };
}

/** Manifests and blobs are kept apart: that a manifest can be fetched says nothing of a blob. */
function keyOf(reference: Reference, limit: Wanted["limit"]): string {
  return `${limit} ${formatReference(reference)}`;
}

/** The content of an answer, once its bytes are found to be what they were asked for by. */
function verified({ digest: wanted }: Reference, { bytes, headers }: Answer): Content {
  if (wanted !== undefined && !names(wanted, bytes)) {
    const actual = digestOf(bytes, algorithmOf(wanted));
    const message = `the registry sent other content, whose digest is ${actual}; do not use this image`;
    throw new VoucherError("digest-mismatch", message);
  }
  const stated = statedDigest(bytes, one(headers["docker-content-digest"]));
  const mediaType = essenceOf(one(headers["content-type"]));
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
