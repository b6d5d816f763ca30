import { error, fail, pass } from "../check/contract.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { formatPlatform } from "../image/platform.ts";
import type { Canonical } from "../image/reference.ts";
import type { AttestationStore, KeyRing, Observer, Resolver } from "../ports.ts";
import { type Covering, coverageOf } from "./coverage.ts";
import { type ExistingAttestations, findExisting } from "./existing.ts";
import type { Judgement, PlatformReview, Review } from "./judgement.ts";
import { indexOutcome, isJudged } from "./policy.ts";
import { childReference, findScope, outOfScope, requireChecks, type Scoping, subjectsOf } from "./scope.ts";

export interface VerifyRequest extends Scoping {
  readonly checks: readonly Covering[];
}

export interface VerifyPorts {
  readonly resolver: Resolver;
  readonly store: AttestationStore;
  readonly keyRing: KeyRing;
  readonly observer: Observer;
}

/**
 * Says which attestations an image has that count, for each of its platforms and for the index; runs no check. Throws
 * what resolving the image throws, and `usage` without any check; a store that cannot be asked is an `error` of every
 * judgement.
 */
export async function verify(
  request: VerifyRequest,
  ports: VerifyPorts,
  signal: AbortSignal,
): Promise<Review> {
  const { checks } = request;
  requireChecks(checks);
  const { observer, resolver } = ports;
  const scope = await observer.stage("resolve", () => findScope(request, resolver, signal));
  if (scope.kind === "out") return outOfScope(scope, checks, false);

  const { image } = scope;
  const names = checks.map(({ name }) => name);
  const find = () => findExisting(subjectsOf(scope), names, ports, signal);
  const existing = await observer.stage("existing", find).catch(asVoucherError);
  const platforms = scope.platforms.map((child): PlatformReview => {
    const reference = childReference(image.reference, child);
    const platform = child.platform === undefined ? {} : { platform: child.platform };
    const { covering, others } = coverageOf(checks, child);
    return {
      reference,
      ...platform,
      judgements: covering.map(({ name }) => judgementOf(existing, reference, name)),
      ...others,
    };
  });
  const judgements = names.map((name): Judgement => {
    const owed = (scope.single || scope.indexOwed) && isJudged(name, platforms);
    const lacking = scope.single ? [] : platformsWithout(name, platforms);
    if (owed) return judgementOf(existing, image.reference, name, lacking);
    return { checkName: name, outcome: indexOutcome(name, platforms) };
  });
  const { reference, kind } = image;
  return {
    reference,
    kind,
    judgements,
    platforms,
    skipped: scope.skipped,
    indexOwed: scope.indexOwed,
    owed: "every",
    dryRun: false,
  };
}

function judgementOf(
  existing: ExistingAttestations | VoucherError,
  subject: Canonical,
  checkName: string,
  lacking: readonly string[] = [],
): Judgement {
  if (existing instanceof VoucherError) return { checkName, outcome: error(existing) };
  const { counting, rejected, undecided } = existing(subject, checkName);
  if (counting !== undefined) return { checkName, outcome: pass, attestation: counting };
  if (undecided !== undefined) return { checkName, outcome: error(undecided) };
  const reason =
    rejected.length === 0 ? "no attestation" : `no attestation that counts: ${rejected.join("; ")}`;
  const nor = lacking.length === 0 ? "" : `; nor has ${lacking.join(", ")}`;
  return { checkName, outcome: fail(`${reason}${nor}`) };
}

/** The platforms of an index that have no attestation that counts either. */
function platformsWithout(checkName: string, platforms: readonly PlatformReview[]): readonly string[] {
  return platforms
    .filter(({ judgements }) =>
      judgements.some((one) => one.checkName === checkName && one.outcome.status === "fail"),
    )
    .map(({ platform, reference }) => (platform === undefined ? reference.digest : formatPlatform(platform)));
}
