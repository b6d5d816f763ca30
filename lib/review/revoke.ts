import type { StoredAttestation } from "../attest/attestation.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { formatPlatform } from "../image/platform.ts";
import { type Canonical, canonical, formatReference } from "../image/reference.ts";
import type { AttestationStore, Resolver } from "../ports.ts";
import { childReference, findScope, type Scoping } from "./scope.ts";

/** One attestation that is to be withdrawn, or was. */
export interface Standing {
  readonly subject: Canonical;
  /** `linux/arm64`, or `index`; `image` where nothing is known but the digest. */
  readonly where: string;
  readonly stored: StoredAttestation;
}

export interface RevokePorts {
  readonly resolver: Resolver;
  readonly store: AttestationStore;
}

/**
 * Returns everything that stands under the notes of `checkNames` for an image and its selected platforms, whether it counts
 * or not: what admission could read has to go. An image that its registry has no more is looked up by its digest alone.
 * Throws what the resolver and the store throw.
 */
export async function findStanding(
  request: Scoping,
  checkNames: readonly string[],
  { resolver, store }: RevokePorts,
  signal: AbortSignal,
): Promise<readonly Standing[]> {
  const places = await placesOf(request, resolver, signal);
  const stored = await store.list(
    [...places.values()].map(({ subject }) => subject),
    checkNames,
    signal,
  );
  return stored.flatMap((one) => {
    const place = places.get(formatReference(canonical(one.subject, one.subject.digest)));
    return place === undefined ? [] : [{ ...place, stored: one }];
  });
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

async function placesOf(
  request: Scoping,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Place>> {
  const places = await findScope(request, resolver, signal).then(
    (scope): readonly Place[] => {
      if (scope.kind === "out")
        throw new VoucherError("usage", `nothing can be attested here: ${scope.reason}`);
      const { reference } = scope.image;
      const platforms = scope.platforms.map((child) => ({
        subject: childReference(reference, child),
        where: child.platform === undefined ? "unknown" : formatPlatform(child.platform),
      }));
      return scope.single || request.platforms.select !== "all"
        ? platforms
        : [...platforms, { subject: reference, where: "index" }];
    },
    (fault: unknown): readonly Place[] => {
      const { image } = request;
      const isGone = fault instanceof VoucherError && fault.code === "not-found";
      if (!isGone || image.digest === undefined) throw fault;
      return [{ subject: canonical(image, image.digest), where: "image" }];
    },
  );
  return new Map(places.map((place) => [formatReference(place.subject), place]));
}
