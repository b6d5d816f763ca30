import { BUNDLE_V0_3 } from "../../attest/bundle.ts";
import { algorithmOf, type Digest, digestOf, hexOf } from "../../image/digest.ts";
import { type Descriptor, type Manifest, parseManifest } from "../../image/manifest.ts";
import { OCI_EMPTY, OCI_MANIFEST, SIGSTORE_BUNDLE } from "../../image/media-types.ts";
import type { Referrer } from "../../registry/referrer.ts";
import type { NewManifest } from "../../registry/writer.ts";

/** The content of a config that says nothing: OCI image specification, "Guidance for an Empty Descriptor". */
export const EMPTY_CONFIG: Uint8Array = Buffer.from("{}");

export const PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

/** What an image's manifest is named by in a manifest that refers to it. */
export type SubjectDescriptor = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** A bundle in a manifest of its own, and the entry by which an index of referrers lists it. */
export interface BundleManifest {
  readonly manifest: NewManifest;
  readonly referrer: Referrer;
}

/** The tag that lists the referrers of a digest where no API does: OCI distribution specification, "Referrers Tag Schema". */
export function fallbackTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

/** The tag that cosign keeps the attestations of a digest under. */
export function cosignTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}.att`;
}

/** The manifest by which `bundle` refers to `subject`, as cosign 3 writes it. */
export function bundleManifest(
  bundle: Uint8Array,
  subject: SubjectDescriptor,
  predicateType: string,
  created: Date,
): BundleManifest {
  const { mediaType, digest, size } = subject;
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    [PREDICATE_TYPE]: predicateType,
    "org.opencontainers.image.created": created.toISOString(),
  };
  const bytes = jsonBytes({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE_V0_3,
    config: descriptorOf(OCI_EMPTY, EMPTY_CONFIG),
    layers: [descriptorOf(BUNDLE_V0_3, bundle)],
    subject: { mediaType, digest, size },
    annotations,
  });
  const referrer = { ...descriptorOf(OCI_MANIFEST, bytes), artifactType: BUNDLE_V0_3, annotations };
  return { manifest: { bytes, mediaType: OCI_MANIFEST }, referrer };
}

/** Where the bundle is that a manifest attaches to `subject`; `undefined` where it attaches none, or to something else. */
export function bundleIn(manifest: Uint8Array, subject: Digest): Descriptor | undefined {
  const document = readManifest(manifest);
  const [layer, ...more] = document?.layers ?? [];
  if (document?.subject?.digest !== subject || layer === undefined || more.length > 0) return undefined;
  return SIGSTORE_BUNDLE.test(layer.mediaType) ? layer : undefined;
}

export function descriptorOf(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function readManifest(bytes: Uint8Array): Manifest | undefined {
  try {
    const document = parseManifest(bytes);
    return document.kind === "manifest" ? document : undefined;
  } catch {
    return undefined;
  }
}
