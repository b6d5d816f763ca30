import { untilPermissionsSettle, type VoucherError } from "../errors.ts";
import type { Digest } from "../image/digest.ts";
import type { ImageConfig } from "../image/image-config.ts";
import type { Descriptor, Index, Manifest } from "../image/manifest.ts";
import { formatPlatform, normalizePlatform, type Platform } from "../image/platform.ts";
import { type Canonical, canonical } from "../image/reference.ts";
import type {
  PlatformImage,
  ResolvedArtifact,
  ResolvedIndex,
  Skipped,
  Unresolved,
} from "../image/resolved.ts";
import { printable } from "./text.ts";

/** What a child of an index turned out to be. */
export type Finding =
  | ImageFinding
  | { readonly found: "index"; readonly children: readonly Listed[] }
  | { readonly found: "other"; readonly reason: string }
  | { readonly found: "failed"; readonly error: VoucherError };

interface ImageFinding {
  readonly found: "image";
  readonly manifest: Manifest;
  readonly size: number;
  readonly config: ImageConfig;
}

/** A child as its index lists it, and what it turned out to be. */
export interface Listed {
  readonly descriptor: Descriptor;
  readonly finding: Finding;
}

/** A place at which a digest is listed, and the indexes that lead there. */
interface Place extends Listed {
  readonly via: readonly Digest[];
}

type Places = readonly [Place, ...Place[]];

/**
 * Puts what was found in an index into its own order, nested indexes in place, no digest twice. Where a digest is listed
 * in several places, the strictest finding counts: what failed in one is unresolved, what is an image in one is an
 * image. An index without a single platform image is an artifact.
 */
export function assembleIndex(
  reference: Canonical,
  index: Index,
  listed: readonly Listed[],
): ResolvedIndex | ResolvedArtifact {
  const images: PlatformImage[] = [];
  const skipped: Skipped[] = [];
  const unresolved: Unresolved[] = [];
  const order: Digest[] = [];
  for (const [digest, places] of placesIn(reference.digest, listed)) {
    const finding = strictest(places);
    if (finding.found === "image") images.push(toImage(canonical(reference, digest), finding, places));
    else if (finding.found === "failed") unresolved.push(toUnresolved(digest, finding.error, places));
    else if (finding.found === "other") skipped.push({ digest, reason: finding.reason });
    if (finding.found === "image" || finding.found === "failed") order.push(digest);
  }
  const { mediaType } = index;
  return order.length === 0
    ? {
        kind: "artifact",
        reference,
        mediaType,
        artifactType: printable(index.artifactType ?? mediaType),
        skipped,
      }
    : { kind: "index", reference, mediaType, images, skipped, unresolved, order };
}

/** Every place of every digest, in the order in which the digests are first listed; each nested index is entered once. */
function placesIn(top: Digest, listed: readonly Listed[]): ReadonlyMap<Digest, Places> {
  const places = new Map<Digest, [Place, ...Place[]]>();
  const entered = new Set<Digest>([top]);

  function enter(children: readonly Listed[], via: readonly Digest[]): void {
    for (const { descriptor, finding } of children) {
      const { digest } = descriptor;
      if (finding.found !== "index") {
        const known = places.get(digest);
        if (known === undefined) places.set(digest, [{ descriptor, finding, via }]);
        else known.push({ descriptor, finding, via });
      } else if (!entered.has(digest)) {
        entered.add(digest);
        enter(finding.children, [...via, digest]);
      }
    }
  }

  enter(listed, [top]);
  return places;
}

function strictest(places: Places): Finding {
  const findings = places.map(({ finding }) => finding);
  return (
    findings.find(({ found }) => found === "failed") ??
    findings.find(({ found }) => found === "image") ??
    places[0].finding
  );
}

function toImage(reference: Canonical, finding: ImageFinding, places: Places): PlatformImage {
  const { manifest, size, config } = finding;
  const [first] = places;
  const listed = places.flatMap(({ descriptor }) => descriptor.platform ?? []);
  const platform = first.descriptor.platform ?? config.platform;
  return {
    reference,
    platform,
    otherPlatforms: distinct([platform, config.platform, ...listed]).slice(1),
    mediaType: manifest.mediaType,
    size,
    manifest,
    config,
    via: first.via,
  };
}

function distinct(platforms: readonly Platform[]): readonly Platform[] {
  const names = platforms.map((platform) => formatPlatform(normalizePlatform(platform)));
  return platforms.filter((_, at) => names.indexOf(names[at] ?? "") === at);
}

/** A registry that refuses to show a child now may show it later. */
function toUnresolved(digest: Digest, error: VoucherError, [first]: Places): Unresolved {
  const { platform } = first.descriptor;
  return {
    digest,
    ...(platform === undefined ? {} : { platform }),
    error: untilPermissionsSettle(error),
  };
}
