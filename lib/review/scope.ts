import { error, fail, type Outcome } from "../check/contract.ts";
import { VoucherError } from "../errors.ts";
import { formatPlatform, type Platform, samePlatform } from "../image/platform.ts";
import { type Canonical, canonical, type Reference } from "../image/reference.ts";
import type {
  PlatformImage,
  ResolvedImage,
  ResolvedIndex,
  ResolvedSingle,
  Skipped,
  Unresolved,
} from "../image/resolved.ts";
import { namesHost, type ValidRepos } from "../image/valid-repos.ts";
import type { Resolver } from "../ports.ts";
import type { Review } from "./judgement.ts";

/** Which platforms are reviewed, and what an index itself is attested for. */
export interface PlatformPolicy {
  readonly select: "all" | readonly Platform[];
  readonly index: "all" | "selected" | "never";
}

/** What is asked about: an image, which of its platforms, and whom to ask for it. */
export interface Scoping {
  readonly image: Reference;
  readonly platforms: PlatformPolicy;
  /** Where set, a host that it does not name is never contacted. */
  readonly onlyHostsOf?: ValidRepos | undefined;
}

/** What of an image is reviewed, in its own order. */
interface InScope {
  readonly kind: "in";
  readonly image: Pick<ResolvedSingle | ResolvedIndex, "kind" | "reference">;
  readonly platforms: readonly (PlatformImage | Unresolved)[];
  readonly skipped: readonly Skipped[];
  /** Whether the image is a single platform's, whose judgements are the image's own. */
  readonly single: boolean;
  /** Whether the index itself is owed attestations. */
  readonly indexOwed: boolean;
}

/** Why nothing of an image is reviewed. */
interface OutOfScope {
  readonly kind: "out";
  readonly image: Pick<Review, "kind" | "skipped"> & { readonly reference: Reference };
  readonly reason: string;
  /** What each check answers. */
  readonly outcome: Outcome;
}

/** Throws `usage` for no checks at all: whoever asks for nothing must not be told that everything passed. */
export function requireChecks(checks: readonly unknown[]): void {
  if (checks.length === 0) throw new VoucherError("usage", "no check was named; name at least one");
}

export function isImage(child: PlatformImage | Unresolved): child is PlatformImage {
  return "manifest" in child;
}

/** The name of one child in the repository of its index. */
export function childReference(index: Reference, child: PlatformImage | Unresolved): Canonical {
  return isImage(child) ? child.reference : canonical(index, child.digest);
}

/** Resolves what is asked about, and says what of it is in scope. Throws what the resolver and {@link scopeOf} throw. */
export async function findScope(
  { image, platforms, onlyHostsOf }: Scoping,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<InScope | OutOfScope> {
  return notContacted(image, onlyHostsOf) ?? scopeOf(await resolver.resolve(image, signal), platforms);
}

/** Everything that may bear an attestation: each platform that is reviewed, and the image itself. */
export function subjectsOf({ image, platforms }: InScope): readonly Canonical[] {
  return [...platforms.map((child) => childReference(image.reference, child)), image.reference];
}

/** The scope of an image whose host must not be contacted; `undefined` where it may be. */
function notContacted(image: Reference, onlyHostsOf: ValidRepos | undefined): OutOfScope | undefined {
  if (onlyHostsOf === undefined || namesHost(onlyHostsOf, image)) return undefined;
  const reason = `${image.registry} was not contacted: valid_repos names no repository there`;
  return {
    kind: "out",
    image: { reference: image, kind: "image", skipped: [] },
    reason,
    outcome: error(new VoucherError("refused", reason)),
  };
}

/**
 * What `policy` selects of an image. Throws `unsupported` for an index without any selected platform, naming what was
 * wanted and what there is.
 */
export function scopeOf(image: ResolvedImage, policy: PlatformPolicy): InScope | OutOfScope {
  if (image.kind === "artifact") return out(image, `not an image (${image.artifactType})`);
  if (image.kind === "index") {
    const platforms = selectChildren(image, policy.select);
    // The configuration refuses `all` with a selection; held here too, since an index vouches for all it holds.
    const complete = platforms.length === image.images.length + image.unresolved.length;
    return {
      kind: "in",
      image,
      platforms,
      skipped: image.skipped,
      single: false,
      indexOwed: policy.index === "selected" || (policy.index === "all" && complete),
    };
  }
  if (!isSelected(image.image, policy.select)) {
    return out(
      image,
      `the image is for ${formatPlatform(image.image.platform)}, and only ${list(policy.select)} is reviewed`,
    );
  }
  return { kind: "in", image, platforms: [image.image], skipped: [], single: true, indexOwed: false };
}

/** The review of what is out of scope: every check gives the same answer. */
export function outOfScope(
  { image, reason, outcome }: OutOfScope,
  checks: readonly { readonly name: string }[],
  dryRun: boolean,
): Review {
  return {
    reference: image.reference,
    kind: image.kind,
    outOfScope: reason,
    judgements: checks.map(({ name }) => ({ checkName: name, outcome })),
    platforms: [],
    skipped: image.skipped,
    indexOwed: false,
    owed: "passed",
    dryRun,
  };
}

function out(image: Exclude<ResolvedImage, { kind: "index" }>, reason: string): OutOfScope {
  const skipped = image.kind === "artifact" ? image.skipped : [];
  return {
    kind: "out",
    image: { reference: image.reference, kind: image.kind, skipped },
    reason,
    outcome: fail(reason),
  };
}

function selectChildren(
  index: ResolvedIndex,
  wanted: PlatformPolicy["select"],
): readonly (PlatformImage | Unresolved)[] {
  const position = new Map(index.order.map((digest, at) => [digest, at]));
  const place = (child: PlatformImage | Unresolved) =>
    position.get(childReference(index.reference, child).digest) ?? 0;
  const children = [...index.images, ...index.unresolved].sort((a, b) => place(a) - place(b));
  const selected = children.filter((child) => isSelected(child, wanted));
  if (selected.length > 0) return selected;
  const found = children.map(({ platform }) =>
    platform === undefined ? "unknown" : formatPlatform(platform),
  );
  throw new VoucherError(
    "unsupported",
    `no platform of the index is ${list(wanted)}; it has ${found.join(", ")}`,
  );
}

/** A child that could not be read counts as selected unless its index says that it is another platform. */
function isSelected(child: PlatformImage | Unresolved, wanted: PlatformPolicy["select"]): boolean {
  if (wanted === "all" || child.platform === undefined) return true;
  const names = isImage(child) ? [child.platform, ...child.otherPlatforms] : [child.platform];
  return wanted.some((platform) => names.some((name) => samePlatform(name, platform)));
}

function list(platforms: PlatformPolicy["select"]): string {
  return platforms === "all" ? "all" : platforms.map(formatPlatform).join(" or ");
}
