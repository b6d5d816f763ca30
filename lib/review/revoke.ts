import type { StoredAttestation } from "../attest/attestation.ts";
import { asVoucherError, type ErrorCode, VoucherError } from "../errors.ts";
import { formatPlatform } from "../image/platform.ts";
import { type Canonical, canonical, formatReference, type Reference } from "../image/reference.ts";
import type { ResolvedImage, ResolvedIndex } from "../image/resolved.ts";
import type { AttestationStore, Resolver } from "../ports.ts";
import { childReference, type PlatformPolicy, scopeOf } from "./scope.ts";

/** Whose attestations are to go: those of an image with all that it holds, or of some of its platforms alone. */
export interface RevokeRequest {
  readonly image: Reference;
  readonly platforms: PlatformPolicy["select"];
}

/** One attestation that is to be withdrawn, or was. */
export interface Standing {
  readonly subject: Canonical;
  /** `linux/arm64`, or `index`; `image` where nothing is known but the digest. */
  readonly where: string;
  readonly stored: StoredAttestation;
}

export interface FoundStanding {
  /** In the image's own order, the image itself at last. */
  readonly standing: readonly Standing[];
  /** Why it cannot be said what the image holds: then only what stands on its own digest was looked for. */
  readonly unknown?: VoucherError;
}

export interface RevokePorts {
  readonly resolver: Resolver;
  readonly store: AttestationStore;
}

/**
 * Returns everything that stands under the notes of `checkNames` for an image, whether it counts or not: what admission
 * could read has to go. An image that is gone or broken is looked up by its digest alone. Throws `usage` where none of the
 * image is selected, and what the resolver and the store throw.
 */
export async function findStanding(
  { image, platforms }: RevokeRequest,
  checkNames: readonly string[],
  { resolver, store }: RevokePorts,
  signal: AbortSignal,
): Promise<FoundStanding> {
  const resolved = await resolver.resolve(image, signal).catch(asVoucherError);
  const isUnknown = resolved instanceof VoucherError;
  const places = isUnknown ? placeByName(image, platforms, resolved) : placesOf(resolved, platforms);
  const stored = await store.list(
    places.map(({ subject }) => subject),
    checkNames,
    signal,
  );
  const byPlace = Map.groupBy(stored, ({ subject }) => nameOf(subject));
  const standing = [...new Map(places.map((place) => [nameOf(place.subject), place]))].flatMap(
    ([name, place]) => (byPlace.get(name) ?? []).map((one) => ({ ...place, stored: one })),
  );
  return isUnknown ? { standing, unknown: resolved } : { standing };
}

/** What became of one that was to be withdrawn. */
export type Withdrawn = Standing & { readonly error?: VoucherError };

/** Withdraws each of `standing`; one that cannot be withdrawn hinders no other. */
export async function withdraw(
  standing: readonly Standing[],
  store: AttestationStore,
  signal: AbortSignal,
): Promise<readonly Withdrawn[]> {
  return Promise.all(
    standing.map((one) =>
      store.remove(one.stored, signal).then(
        () => one,
        (fault: unknown) => ({ ...one, error: asVoucherError(fault) }),
      ),
    ),
  );
}

type Place = Omit<Standing, "stored">;

function placesOf(image: ResolvedImage, platforms: PlatformPolicy["select"]): readonly Place[] {
  const { reference, kind } = image;
  // What is no image today may have been attested all the same, by someone who took it for one.
  if (kind === "artifact" && platforms === "all") return [{ subject: reference, where: kind }];
  const scope = scopeOf(image, { select: platforms, index: "never" });
  if (scope.kind === "out") throw new VoucherError("usage", `nothing of it is selected: ${scope.reason}`);
  const selected = scope.platforms.map((child) => ({
    subject: childReference(reference, child),
    where: child.platform === undefined ? "unknown" : formatPlatform(child.platform),
  }));
  if (kind !== "index" || platforms !== "all") return selected;
  return [...selected, ...besidePlatforms(image), { subject: reference, where: kind }];
}

/** Whatever else an index holds can be named by its digest, too. */
function besidePlatforms({ reference, images, skipped }: ResolvedIndex): readonly Place[] {
  const nested = new Set(images.flatMap(({ via }) => via));
  nested.delete(reference.digest);
  return [
    ...[...nested].map((digest) => ({ subject: canonical(reference, digest), where: "nested index" })),
    ...skipped.map(({ digest, reason }) => ({ subject: canonical(reference, digest), where: reason })),
  ];
}

/** Faults of an image itself: asking again cannot help, and its attestations must go all the same. */
const FAULTS_OF_IMAGE: readonly ErrorCode[] = [
  "not-found",
  "malformed",
  "unsupported",
  "digest-mismatch",
  "limit",
];

function placeByName(
  image: Reference,
  platforms: PlatformPolicy["select"],
  fault: VoucherError,
): readonly Place[] {
  const { digest } = image;
  if (digest === undefined || platforms !== "all" || !FAULTS_OF_IMAGE.includes(fault.code)) throw fault;
  return [{ subject: canonical(image, digest), where: "image" }];
}

function nameOf(subject: Canonical): string {
  return formatReference(canonical(subject, subject.digest));
}
