import { LRUCache } from "lru-cache";
import { BUNDLE_V0_3 } from "../../attest/bundle.ts";
import { VoucherError } from "../../errors.ts";
import type { Digest } from "../../image/digest.ts";
import { pastLimit } from "../../image/limits.ts";
import { OCI_EMPTY, OCI_INDEX } from "../../image/media-types.ts";
import { canonical, formatReference, nameOf, type Reference } from "../../image/reference.ts";
import type { Tagged } from "../../registry/client.ts";
import {
  type Referrer,
  type ReferrersIndex,
  readReferrer,
  readReferrersIndex,
} from "../../registry/referrer.ts";
import type { Documents } from "../../registry/registry.ts";
import type { NewManifest } from "../../registry/writer.ts";
import type { EditTag } from "./edit-tag.ts";
import { fallbackTag, jsonBytes } from "./layout.ts";

/** Which manifests with a bundle refer to a digest, as far as the repository says. */
export interface Referrers {
  list(subject: Digest, signal: AbortSignal): Promise<readonly Referrer[]>;
  /** Sees to it that manifests which were put are listed. Returns everything that is. */
  add(subject: Digest, referrers: readonly Referrer[], signal: AbortSignal): Promise<readonly Referrer[]>;
  /** Takes a manifest away; returns also where it was gone already. */
  remove(subject: Digest, manifest: Digest, signal: AbortSignal): Promise<void>;
}

export interface ReferrersOptions {
  readonly documents: Documents;
  readonly editTag: EditTag;
  /** The repository that holds them. */
  readonly target: Reference;
}

const MOST_REPOSITORIES = 1000;
/** For how long a repository without the API is not asked for it again, in milliseconds. */
const REMEMBERED = 10 * 60_000;

/** Repositories without the referrers API, for as long as an instance remembers. */
export type WithoutApi = LRUCache<string, true>;

export function createWithoutApi(): WithoutApi {
  return new LRUCache({ max: MOST_REPOSITORIES, ttl: REMEMBERED });
}

/**
 * Referrers by the API of the OCI distribution specification, and, where the registry answers that it has none, by the index
 * under the fallback tag. An entry of that which is gone itself is dropped when the index is written next.
 */
export function referrersIn(
  { documents, editTag, target }: ReferrersOptions,
  withoutApi: WithoutApi,
): Referrers {
  const { limits } = documents;
  const key = nameOf(target);
  const tagOf = (subject: Digest): Reference => ({
    registry: target.registry,
    repository: target.repository,
    tag: fallbackTag(subject),
  });

  async function byApi(subject: Digest, signal: AbortSignal): Promise<readonly Referrer[] | undefined> {
    if (withoutApi.has(key)) return undefined;
    const found = await documents.referrers(canonical(target, subject), BUNDLE_V0_3, signal);
    if (found === undefined) withoutApi.set(key, true);
    return found;
  }

  function readIndex(tagged: Tagged | undefined, tag: Reference): ReferrersIndex {
    if (tagged === undefined) return { document: EMPTY_INDEX, referrers: [] };
    try {
      return readReferrersIndex(tagged.bytes);
    } catch (cause) {
      const message = `${formatReference(tag)} is where the referrers of an image are listed, and holds something else; delete that tag`;
      throw new VoucherError("malformed", message, { cause });
    }
  }

  function bundlesIn({ referrers }: ReferrersIndex, tag: Reference): readonly Referrer[] {
    const bundles = referrers.filter(mayBeBundle);
    if (bundles.length <= limits.documents) return bundles;
    throw pastLimit(limits, "documents", `${formatReference(tag)} lists ${bundles.length} bundles`);
  }

  /** Writes the index anew, with `added` and without `removed`; and without what is gone, where the registry insists. */
  async function edit(
    subject: Digest,
    added: readonly Referrer[],
    removed: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<readonly Referrer[]> {
    const tag = tagOf(subject);
    let written: readonly Referrer[] = [];
    const change = (now: Tagged | undefined): NewManifest | undefined => {
      const index = readIndex(now, tag);
      written = index.referrers;
      return indexWith(index, added, removed);
    };
    try {
      return bundlesIn(readIndex(await editTag(documents, tag, change, signal), tag), tag);
    } catch (thrown) {
      const isRefused = thrown instanceof VoucherError && ["unsupported", "not-found"].includes(thrown.code);
      const gone = isRefused ? await goneOf(written, signal) : [];
      if (gone.every((digest) => removed.has(digest))) throw thrown;
      return await edit(subject, added, new Set([...removed, ...gone]), signal);
    }
  }

  async function goneOf(referrers: readonly Referrer[], signal: AbortSignal): Promise<readonly Digest[]> {
    const looks = referrers.map(async ({ digest }) =>
      (await documents.hasManifest(canonical(target, digest), signal)) ? [] : [digest],
    );
    return (await Promise.all(looks)).flat();
  }

  return {
    async list(subject, signal) {
      const found = await byApi(subject, signal);
      if (found !== undefined) return found;
      const tag = tagOf(subject);
      return bundlesIn(readIndex(await documents.tagged(tag, signal), tag), tag);
    },
    async add(subject, referrers, signal) {
      return (await byApi(subject, signal)) ?? (await edit(subject, referrers, new Set(), signal));
    },
    async remove(subject, manifest, signal) {
      const found = await byApi(subject, signal);
      if (found === undefined) await edit(subject, [], new Set([manifest]), signal);
      try {
        await documents.deleteManifest(canonical(target, manifest), signal);
      } catch (thrown) {
        // What is listed nowhere is found by nobody, even where nothing can be deleted.
        const isRefusal = thrown instanceof VoucherError && !thrown.retryable;
        if (found !== undefined || !isRefusal) throw thrown;
      }
    },
  };
}

const EMPTY_INDEX: ReferrersIndex["document"] = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };

/** Some clients list a bundle by the type of its config, or by none. */
function mayBeBundle({ artifactType = BUNDLE_V0_3 }: Referrer): boolean {
  return artifactType === BUNDLE_V0_3 || artifactType === OCI_EMPTY;
}

/** `undefined` where the index has all that is to be in it, and nothing that is not. */
function indexWith(
  { document, referrers }: ReferrersIndex,
  added: readonly Referrer[],
  removed: ReadonlySet<string>,
): NewManifest | undefined {
  const listed = new Set<string>(referrers.map(({ digest }) => digest));
  const missing = added.filter(({ digest }) => !listed.has(digest));
  if (missing.length === 0 && !referrers.some(({ digest }) => removed.has(digest))) return undefined;
  const kept = document.manifests.filter((entry) => !removed.has(readReferrer(entry)?.digest ?? ""));
  const index = { ...document, mediaType: OCI_INDEX, manifests: [...kept, ...missing] };
  return { bytes: jsonBytes(index), mediaType: OCI_INDEX };
}
