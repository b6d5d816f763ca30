import { VoucherError } from "../../lib/errors.ts";
import { type Digest, digestOf } from "../../lib/image/digest.ts";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { type Manifest, parseManifest } from "../../lib/image/manifest.ts";
import { OCI_INDEX } from "../../lib/image/media-types.ts";
import { type Platform, parsePlatform } from "../../lib/image/platform.ts";
import { type Canonical, canonical, parseReference } from "../../lib/image/reference.ts";
import type {
  PlatformImage,
  ResolvedArtifact,
  ResolvedIndex,
  ResolvedSingle,
  Skipped,
  Unresolved,
} from "../../lib/image/resolved.ts";
import { type Sample, sampleImage } from "../../lib/local/samples.ts";

/** Where the images of these tests live, unless a test says otherwise. */
export const REPOSITORY = "gcr.io/project/app";

export interface FakeImage {
  readonly user?: string;
  readonly repository?: string;
  readonly otherPlatforms?: readonly Platform[];
  readonly via?: readonly Digest[];
}

/** A platform image as a resolver would answer with it: parsed from the bytes of a real sample. */
export function platformImage(platform: string | Platform, options: FakeImage = {}): PlatformImage {
  const { user, repository = REPOSITORY, otherPlatforms = [], via = [] } = options;
  const sample = sampleImage({ platform, ...(user === undefined ? {} : { user }) });
  const manifest = manifestOf(sample);
  const config = sample.blobs.find(({ digest }) => digest === manifest.config.digest);
  if (config === undefined) throw new Error("the sample lacks its config");
  return {
    reference: at(repository, sample.root.digest),
    platform: typeof platform === "string" ? parsePlatform(platform) : platform,
    otherPlatforms,
    mediaType: manifest.mediaType,
    size: sample.root.size,
    manifest,
    config: parseImageConfig(config.bytes),
    via,
  };
}

/** An image of one platform that somebody named itself. */
export function singleImage(platform: string | Platform, options: FakeImage = {}): ResolvedSingle {
  const image = platformImage(platform, options);
  return { kind: "image", reference: image.reference, mediaType: image.mediaType, image };
}

/** An index of these children, in this order. */
export function indexOf(
  children: readonly (PlatformImage | Unresolved)[],
  { skipped = [], repository = REPOSITORY }: { skipped?: readonly Skipped[]; repository?: string } = {},
): ResolvedIndex {
  const order = children.map((child) => ("manifest" in child ? child.reference.digest : child.digest));
  return {
    kind: "index",
    reference: at(repository, digestOf(Buffer.from(`index of ${order.join()}`))),
    mediaType: OCI_INDEX,
    images: children.filter((child) => "manifest" in child),
    unresolved: children.filter((child): child is Unresolved => !("manifest" in child)),
    skipped,
    order,
  };
}

/** Something that is no image, such as a Helm chart. */
export function artifact(artifactType: string): ResolvedArtifact {
  const reference = at(REPOSITORY, digestOf(Buffer.from(artifactType)));
  return { kind: "artifact", reference, mediaType: artifactType, artifactType, skipped: [] };
}

/** A child of an index that could not be read. */
export function unresolved(platform: string | undefined, error: VoucherError): Unresolved {
  const digest = digestOf(Buffer.from(`unreadable ${platform}`));
  return { digest, error, ...(platform === undefined ? {} : { platform: parsePlatform(platform) }) };
}

export const notFound = (): VoucherError => new VoucherError("not-found", "it is gone");
export const unavailable = (): VoucherError =>
  new VoucherError("unavailable", "the registry answers 503", { retryable: true });

/** The digest in that repository. */
export function at(repository: string, digest: Digest): Canonical {
  return canonical(parseReference(repository), digest);
}

function manifestOf(sample: Sample): Manifest {
  const parsed = parseManifest(sample.manifests.at(-1)?.bytes ?? new Uint8Array());
  if (parsed.kind !== "manifest") throw new Error("the sample is no single image");
  return parsed;
}
