import type { VoucherError } from "../errors.ts";
import type { Digest } from "./digest.ts";
import type { ImageConfig } from "./image-config.ts";
import type { Manifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import type { Canonical } from "./reference.ts";

/** An image of one platform: what a container runtime starts. */
export interface PlatformImage {
  readonly reference: Canonical;
  /** As the index that led to it declares, or, where none does, as its config does. */
  readonly platform: Platform;
  /** Every other platform that something says it is: its config, a second descriptor. Runtimes may believe either. */
  readonly otherPlatforms: readonly Platform[];
  readonly mediaType: string;
  /** The manifest's size in bytes. */
  readonly size: number;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** The indexes that led to it, outermost first; empty for an image that was named itself. */
  readonly via: readonly Digest[];
}

/** A child of an index that is no image, and why it was passed over. */
export interface Skipped {
  readonly digest: Digest;
  readonly reason: string;
}

/** A child of an index that may be an image, but could not be read. */
export interface Unresolved {
  readonly digest: Digest;
  /** As its descriptor declares, where it does. */
  readonly platform?: Platform;
  readonly error: VoucherError;
}

interface Resolved {
  /** What the name turned out to mean: always a digest, never a tag. */
  readonly reference: Canonical;
  readonly mediaType: string;
}

export interface ResolvedSingle extends Resolved {
  readonly kind: "image";
  readonly image: PlatformImage;
}

export interface ResolvedIndex extends Resolved {
  readonly kind: "index";
  /** In the index's own order, nested indexes in place, no digest twice. */
  readonly images: readonly PlatformImage[];
  readonly skipped: readonly Skipped[];
  readonly unresolved: readonly Unresolved[];
  /** Every platform image's and unresolved child's digest, in the index's own order. */
  readonly order: readonly Digest[];
}

export interface ResolvedArtifact extends Resolved {
  readonly kind: "artifact";
  readonly artifactType: string;
  readonly skipped: readonly Skipped[];
}

/** A digest and what it resolves to. */
export type ResolvedImage = ResolvedSingle | ResolvedIndex | ResolvedArtifact;
