import type { Digest } from "./digest.ts";
import type { Descriptor, Index, Manifest } from "./manifest.ts";
import {
  BUILDKIT_ATTESTATION,
  BUILDKIT_CACHE_CONFIG,
  CONFIG_TYPES,
  DOCKER_MANIFEST,
  IN_TOTO,
  isAttestationLayer,
  isConfigTypeOfDocker,
} from "./media-types.ts";

const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";

/** Tags under which signatures, attestations and referrers of other images are kept: cosign's, and the OCI fallback. */
const COMPANION_TAG =
  /^(?:sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?|sha512-[0-9a-f]{64}(?:[0-9a-f]{64}\.(?:sig|att|sbom))?)$/;

/** Whether a tag says that what it names accompanies an image and is none itself. */
export function isCompanionTag(tag: string): boolean {
  return COMPANION_TAG.test(tag);
}

/** Whether the config of `manifest` claims to be an image config, so that every runtime would start it. */
export function hasImageConfig(manifest: Manifest): boolean {
  return CONFIG_TYPES.includes(manifest.config.mediaType);
}

/**
 * Whether some runtime might start `manifest` whatever it calls its config: Docker takes other types for image configs
 * too, and Podman looks at no type where the manifest is Docker's.
 */
export function mightBeStarted(manifest: Manifest): boolean {
  return manifest.mediaType === DOCKER_MANIFEST || isConfigTypeOfDocker(manifest.config.mediaType);
}

/**
 * What kind of artifact a manifest that somebody named directly is; `undefined` for an image. A layer of signatures or
 * attestations makes it an artifact whatever its config: cosign and BuildKit store theirs under an image config.
 */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (!hasImageConfig(manifest)) return manifest.artifactType ?? manifest.config.mediaType;
  return manifest.layers.find((layer) => isAttestationLayer(layer.mediaType))?.mediaType;
}

/** Whether `index` is a cache that BuildKit exported to a registry: its children are layers, not manifests. */
export function isBuildKitCache(index: Index): boolean {
  return index.manifests.some((child) => child.mediaType === BUILDKIT_CACHE_CONFIG);
}

/**
 * Whether every entry of `index` says that it is an artifact, and none what it runs on: the list of an image's referrers, as
 * it stands under the fallback tag. What that hides from a review gets no attestation either.
 */
export function isReferrersIndex({ manifests }: Index): boolean {
  return (
    manifests.length > 0 &&
    manifests.every(({ artifactType, platform }) => Boolean(artifactType) && platform === undefined)
  );
}

/**
 * `document` without what nothing here hangs on: annotations but those by which attestations are known, and what layers say
 * beside what they are. All documents of a review are held at once, and what some MiB of text say can take hundreds.
 */
export function essentialsOf(document: Index | Manifest): Index | Manifest {
  const annotations = NOTHING;
  if (document.kind === "index") {
    const manifests = document.manifests.map((child) => ({ ...child, annotations: ofAttestations(child) }));
    return { ...document, annotations, manifests };
  }
  const layers = document.layers.map(({ mediaType, digest, size }) => ({
    mediaType,
    digest,
    size,
    annotations,
  }));
  return { ...document, annotations, config: { ...document.config, annotations }, layers };
}

const NOTHING: Descriptor["annotations"] = {};

function ofAttestations({ annotations }: Descriptor): Descriptor["annotations"] {
  const kept = [REFERENCE_TYPE, REFERENCE_DIGEST].flatMap((name) => {
    const value = annotations[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return kept.length === 0 ? NOTHING : Object.fromEntries(kept);
}

/**
 * Whether a child of an index is an attestation that BuildKit stored beside the images. Descriptor, sibling and content
 * must agree: runtimes select a child by platform alone, so a runnable image could hide behind the annotation.
 */
export function isBuildKitAttestation(
  child: Descriptor,
  content: Manifest,
  siblings: readonly Descriptor[],
): boolean {
  return claimsToBeAttestation(child, siblings) && isAttestationContent(content, child);
}

function claimsToBeAttestation(child: Descriptor, siblings: readonly Descriptor[]): boolean {
  const { platform, annotations } = child;
  const of = annotations[REFERENCE_DIGEST] as Digest | undefined;
  return (
    platform?.os === "unknown" &&
    platform.architecture === "unknown" &&
    annotations[REFERENCE_TYPE] === "attestation-manifest" &&
    siblings.some((sibling) => sibling.digest === of && sibling.digest !== child.digest)
  );
}

function isAttestationContent(content: Manifest, child: Descriptor): boolean {
  const subject = child.annotations[REFERENCE_DIGEST];
  const isArtifact = content.artifactType === BUILDKIT_ATTESTATION && !hasImageConfig(content);
  if (isArtifact && content.subject?.digest === subject) return true;
  return content.layers.length > 0 && content.layers.every((layer) => layer.mediaType === IN_TOTO);
}
