import { LRUCache } from "lru-cache";
import { asVoucherError } from "../errors.ts";
import { digestOf } from "../image/digest.ts";
import { MANIFEST_ACCEPT } from "../image/media-types.ts";
import { type Canonical, formatReference, nameOf, type Reference } from "../image/reference.ts";
import { abandoned } from "../retry.ts";
import type { Caller } from "./caller.ts";
import { manifestUrl } from "./endpoint.ts";
import { about } from "./failure.ts";
import { Joined } from "./join.ts";
import { hasBlob, LITTLE, uploadBlob } from "./upload.ts";

/** A document, and the media type that it is put and served with. */
export interface NewManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Which state of a tag may be written over: the one with this ETag, or none at all. Not every registry looks. */
export type Condition = { readonly ifMatch: string } | { readonly ifNoneMatch: "*" };

/** Writes to registries. What it throws are VoucherErrors that name what was to be written. */
export interface Writer {
  /** Sees to it that the repository of `to` has a blob of these bytes, which others put there too. */
  shareBlob(to: Reference, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Puts a blob that nobody else has. */
  putBlob(to: Reference, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Puts a manifest under the digest or tag of `at`. Throws `conflict` where the condition does not hold. */
  putManifest(
    at: Reference,
    manifest: NewManifest,
    signal: AbortSignal,
    condition?: Condition,
  ): Promise<void>;
  hasManifest(at: Canonical, signal: AbortSignal): Promise<boolean>;
  /** Returns also where it was gone already. Throws `unsupported` where the registry deletes nothing. */
  deleteManifest(at: Canonical, signal: AbortSignal): Promise<void>;
}

const MOST_REPOSITORIES = 1000;
/** For how long a shared blob is taken to be where it was, in milliseconds: what nothing names is swept up some day. */
const REMEMBERED = 10 * 60_000;

export function createWriter(caller: Caller): Writer {
  /** Repositories that have a shared blob, the latest first. */
  const holders = new LRUCache<string, Reference>({ max: MOST_REPOSITORIES, ttl: REMEMBERED });
  const flights = new Joined<void>();

  async function writing<T>(what: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (thrown) {
      if (signal.aborted) throw abandoned(signal);
      throw about(what, asVoucherError(thrown), "write to");
    }
  }

  async function share(to: Reference, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const key = `${digestOf(bytes)} ${nameOf(to)}`;
    if (!holders.has(key)) await flights.run(key, (joint) => shareNow(to, bytes, key, joint), signal);
  }

  async function shareNow(to: Reference, bytes: Uint8Array, key: string, signal: AbortSignal): Promise<void> {
    if (!(await hasBlob(caller, to, bytes, signal))) {
      const [, from] =
        [...holders.entries()].find(
          ([other, { registry }]) => other.startsWith(`${digestOf(bytes)} `) && registry === to.registry,
        ) ?? [];
      await uploadBlob(caller, to, bytes, from, signal);
    }
    holders.set(key, to);
  }

  const urlOf = (at: Reference) => manifestUrl(at, caller.schemes);
  return {
    shareBlob: (to, bytes, signal) => writing(nameOf(to), signal, share(to, bytes, signal)),
    putBlob: (to, bytes, signal) =>
      writing(nameOf(to), signal, uploadBlob(caller, to, bytes, undefined, signal)),
    async putManifest(at, { bytes, mediaType }, signal, condition) {
      const headers = { "content-type": mediaType, ...headersOf(condition) };
      const call = { access: "push" as const, url: urlOf(at), method: "PUT" as const, headers, body: bytes };
      const sent = caller.send(at, { ...call, most: LITTLE, expects: [200, 201, 202] }, signal);
      await writing(formatReference(at), signal, sent);
    },
    async hasManifest(at, signal) {
      const headers = { accept: MANIFEST_ACCEPT };
      const call = { url: urlOf(at), method: "HEAD" as const, headers, most: LITTLE };
      const sent = caller.send(at, { ...call, expects: [200, 404] }, signal);
      return (await writing(formatReference(at), signal, sent)).status === 200;
    },
    async deleteManifest(at, signal) {
      const call = { access: "delete" as const, url: urlOf(at), method: "DELETE" as const, headers: {} };
      const sent = caller.send(at, { ...call, most: LITTLE, expects: [200, 202, 204, 404] }, signal);
      await writing(formatReference(at), signal, sent);
    },
  };
}

function headersOf(condition: Condition | undefined): { readonly [name: string]: string } {
  if (condition === undefined) return {};
  return "ifMatch" in condition
    ? { "if-match": condition.ifMatch }
    : { "if-none-match": condition.ifNoneMatch };
}
