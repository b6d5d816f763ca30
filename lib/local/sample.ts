import { type Digest, type DigestAlgorithm, digestOf } from "../image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../image/media-types.ts";
import type { Platform } from "../image/platform.ts";

/** What an index that lists a sample says of it. OCI image specification, descriptor. */
export interface SampleDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Annotations;
}

export interface SampleBlob {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface SampleManifest extends SampleBlob {
  readonly mediaType: string;
}

/** Content for a registry, as plain data: children stand before what lists them, and the root is last. */
export interface Sample {
  readonly root: SampleDescriptor;
  readonly manifests: readonly SampleManifest[];
  readonly blobs: readonly SampleBlob[];
}

/** A config or layer that is still to be put into a manifest. */
export interface SampleContent {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Annotations;
  /** Whether the descriptor carries the content itself, as its `data`. */
  readonly inline?: boolean;
}

type Annotations = { readonly [key: string]: string };

export interface ManifestParts {
  readonly config: SampleContent;
  readonly layers: readonly SampleContent[];
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly subject?: SampleDescriptor;
  readonly annotations?: Annotations;
  readonly algorithm?: DigestAlgorithm;
  /** What a parent index says of this manifest besides its type, digest and size. */
  readonly listedAs?: Pick<SampleDescriptor, "platform" | "annotations" | "artifactType">;
}

/** Returns a manifest with its config and layers. */
export function manifestSample(parts: ManifestParts): Sample {
  const mediaType = parts.mediaType ?? OCI_MANIFEST;
  const document = {
    schemaVersion: 2,
    mediaType,
    artifactType: parts.artifactType,
    config: contentDescriptor(parts.config),
    layers: parts.layers.map(contentDescriptor),
    subject: parts.subject && descriptorJson(parts.subject),
    annotations: parts.annotations,
  };
  const manifest = manifestOf(document, mediaType, parts.algorithm);
  return {
    root: { ...descriptorOf(manifest), ...parts.listedAs },
    manifests: [manifest],
    blobs: distinct([parts.config, ...parts.layers].map(blobOf)),
  };
}

export interface IndexParts {
  readonly children: readonly Sample[];
  readonly mediaType?: string;
  readonly annotations?: Annotations;
  readonly algorithm?: DigestAlgorithm;
}

/** Returns an index that lists `children` in their order; a child may be an index itself. */
export function indexSample({ children, mediaType = OCI_INDEX, annotations, algorithm }: IndexParts): Sample {
  const document = {
    schemaVersion: 2,
    mediaType,
    manifests: children.map((child) => descriptorJson(child.root)),
    annotations,
  };
  const index = manifestOf(document, mediaType, algorithm);
  return {
    root: descriptorOf(index),
    manifests: distinct([...children.flatMap((child) => child.manifests), index]),
    blobs: distinct(children.flatMap((child) => child.blobs)),
  };
}

/** Returns `value` as the bytes of a JSON document; members that are `undefined` are left out. */
export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** A descriptor as it is written: the specification's `os.version` and `os.features` for our `osVersion`, `osFeatures`. */
export function descriptorJson({ platform, ...rest }: SampleDescriptor): object {
  return { ...rest, platform: platform && platformJson(platform) };
}

/** A platform as indexes and image configs write it. */
export function platformJson({ os, architecture, variant, osVersion, osFeatures }: Platform): object {
  return { architecture, os, variant, "os.version": osVersion, "os.features": osFeatures };
}

function manifestOf(document: unknown, mediaType: string, algorithm?: DigestAlgorithm): SampleManifest {
  const bytes = jsonBytes(document);
  return { mediaType, digest: digestOf(bytes, algorithm), bytes };
}

function descriptorOf({ mediaType, digest, bytes }: SampleManifest): SampleDescriptor {
  return { mediaType, digest, size: bytes.length };
}

function contentDescriptor({ mediaType, bytes, annotations, inline }: SampleContent): object {
  const data = inline ? Buffer.from(bytes).toString("base64") : undefined;
  return { mediaType, digest: digestOf(bytes), size: bytes.length, data, annotations };
}

function blobOf({ bytes }: SampleContent): SampleBlob {
  return { digest: digestOf(bytes), bytes };
}

function distinct<Item extends SampleBlob>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [item.digest, item])).values()];
}
