import { asVoucherError, VoucherError } from "../errors.ts";
import {
  artifactTypeOf,
  hasImageConfig,
  isBuildKitAttestation,
  isBuildKitCache,
  isCompanionTag,
  isReferrersIndex,
  mightBeStarted,
} from "../image/classify.ts";
import type { Digest } from "../image/digest.ts";
import { pastLimit } from "../image/limits.ts";
import type { Descriptor, Index, Manifest } from "../image/manifest.ts";
import { BUILDKIT_CACHE_CONFIG, INDEX_TYPES, MANIFEST_TYPES } from "../image/media-types.ts";
import { formatPlatform, isRunnable } from "../image/platform.ts";
import { type Canonical, canonical, type Reference } from "../image/reference.ts";
import type { ResolvedImage } from "../image/resolved.ts";
import { assembleIndex, type Finding, type Listed } from "./assemble.ts";
import type { ReviewReader, Unknown } from "./review-reader.ts";
import { printable } from "./text.ts";

/** The way through the indexes of one review. */
interface Walk {
  readonly reader: ReviewReader;
  /** What each index holds, by its digest and depth, so that one that is listed twice is walked through once. */
  readonly indexes: Map<string, Promise<readonly Listed[]>>;
}

/**
 * Returns what the reader's document resolves to: OCI image specification, and semantics.md, "Multi-platform images".
 * A child that cannot be read is part of the answer; a fault of the named document itself is thrown.
 */
export async function resolveImage(reader: ReviewReader, named: Reference): Promise<ResolvedImage> {
  const top = await reader.top();
  const reference = canonical(named, top.digest);
  if (named.tag !== undefined && isCompanionTag(named.tag)) return companion(reference, top.document);
  return top.document.kind === "index"
    ? await resolveIndex(reader, reference, top.document)
    : await resolveManifest(reader, reference, top.document, top.size);
}

/** What lies under a tag of signatures or referrers is no image, whatever it looks like, and is looked at no further. */
function companion(reference: Canonical, document: Index | Manifest): ResolvedImage {
  const { mediaType } = document;
  const own = document.kind === "index" ? document.artifactType : artifactTypeOf(document);
  return { kind: "artifact", reference, mediaType, artifactType: printable(own ?? mediaType), skipped: [] };
}

async function resolveManifest(
  reader: ReviewReader,
  reference: Canonical,
  manifest: Manifest,
  size: number,
): Promise<ResolvedImage> {
  const { mediaType } = manifest;
  const artifactType = artifactTypeOf(manifest);
  if (artifactType !== undefined)
    return { kind: "artifact", reference, mediaType, artifactType: printable(artifactType), skipped: [] };
  const config = await reader.config(manifest.config);
  const { platform } = config;
  const image = { reference, platform, otherPlatforms: [], mediaType, size, manifest, config, via: [] };
  return { kind: "image", reference, mediaType, image };
}

async function resolveIndex(
  reader: ReviewReader,
  reference: Canonical,
  index: Index,
): Promise<ResolvedImage> {
  const { mediaType } = index;
  if (isBuildKitCache(index)) {
    return { kind: "artifact", reference, mediaType, artifactType: BUILDKIT_CACHE_CONFIG, skipped: [] };
  }
  if (isReferrersIndex(index)) {
    return { kind: "artifact", reference, mediaType, artifactType: "an index of referrers", skipped: [] };
  }
  const listed = await childrenOf({ reader, indexes: new Map() }, reference.digest, index, 1);
  reader.throwIfStopped();
  return assembleIndex(reference, index, listed);
}

/** Looks at every child of an index at once; a child's config is asked for as soon as its own manifest is there. */
async function childrenOf(
  walk: Walk,
  digest: Digest,
  index: Index,
  depth: number,
): Promise<readonly Listed[]> {
  const { limits } = walk.reader;
  const { manifests } = index;
  if (depth > limits.depth) throw pastLimit(limits, "depth", `the index ${digest} is nested ${depth} deep`);
  if (manifests.length > limits.children) {
    throw pastLimit(limits, "children", `the index ${digest} has ${manifests.length} children`);
  }
  return await Promise.all(
    manifests.map(async (descriptor) => ({
      descriptor,
      finding: await find(walk, descriptor, manifests, depth),
    })),
  );
}

/** What a child turns out to be. Never throws: what goes wrong is a finding too. */
async function find(
  walk: Walk,
  descriptor: Descriptor,
  siblings: readonly Descriptor[],
  depth: number,
): Promise<Finding> {
  try {
    const opened = await walk.reader.manifest(descriptor);
    const { document, size } = opened;
    if (document.kind === "index") return await findIndex(walk, opened.digest, document, depth + 1);
    if (document.kind === "unknown") return unknownChild(descriptor, document);
    if (isBuildKitAttestation(descriptor, document, siblings)) return other("attestation-manifest");
    if (!hasImageConfig(document)) return artifactChild(descriptor, document);
    return { found: "image", manifest: document, size, config: await walk.reader.config(document.config) };
  } catch (thrown) {
    return { found: "failed", error: asVoucherError(thrown) };
  }
}

async function findIndex(walk: Walk, digest: Digest, index: Index, depth: number): Promise<Finding> {
  if (isBuildKitCache(index)) throw nestedCache(digest);
  const key = `${depth} ${digest}`;
  const children = walk.indexes.get(key) ?? childrenOf(walk, digest, index, depth);
  walk.indexes.set(key, children);
  return { found: "index", children: await children };
}

/** Runtimes walk through every index that they are led to: what else one lists is no reason to look at no image in it. */
function nestedCache(digest: Digest): VoucherError {
  const what = `the index ${digest} within it holds a cache of BuildKit, so no image in it can be vouched for`;
  return new VoucherError("unsupported", `${what}; export the cache under a tag of its own`);
}

/** A child of another kind is passed over, unless it is listed as what a runtime would pull. */
function unknownChild({ mediaType, platform }: Descriptor, { error }: Unknown): Finding {
  const expected = INDEX_TYPES.includes(mediaType) || MANIFEST_TYPES.includes(mediaType);
  if (expected || (platform !== undefined && isRunnable(platform))) return { found: "failed", error };
  return other(`unknown type ${printable(mediaType)}`);
}

/** A child that is no image is passed over, unless a runtime would take it for one: without a platform, it fits every host. */
function artifactChild({ digest, platform }: Descriptor, manifest: Manifest): Finding {
  const type = manifest.artifactType ?? manifest.config.mediaType;
  const mightRun = platform === undefined ? mightBeStarted(manifest) : isRunnable(platform);
  if (!mightRun) return other(`artifact ${printable(type)}`);
  const config = printable(manifest.config.mediaType) || "of no type";
  const listed = platform === undefined ? "no platform" : printable(formatPlatform(platform));
  const what = `${digest} is listed for ${listed}, but its config is ${config}`;
  return { found: "failed", error: new VoucherError("unsupported", `${what}, which is no image config`) };
}

function other(reason: string): Finding {
  return { found: "other", reason };
}
