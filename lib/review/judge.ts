import { type Check, error, type Outcome, pass } from "../check/contract.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import type { PlatformImage, Unresolved } from "../image/resolved.ts";
import type { Evidence } from "../ports.ts";
import { coverageOf } from "./coverage.ts";
import type { ExistingAttestations } from "./existing.ts";
import type { Judgement, PlatformReview } from "./judgement.ts";
import { endOfPatience, type Patience } from "./patience.ts";
import { childReference, isImage } from "./scope.ts";

/** How to judge: by which checks, on what evidence, and whether an attestation that counts spares its check. */
export interface Judging {
  readonly checks: readonly Check[];
  readonly evidence: ReadonlyMap<PlatformImage, Evidence>;
  readonly existing: ExistingAttestations;
  readonly reuse: boolean;
  readonly patience?: Patience | undefined;
}

/**
 * Judges one child of `image` by every check that covers it, at once. A child that could not be read is an error of each
 * of them, even if it was attested once: its index must not be attested for content that nobody can pull.
 */
export async function judgePlatform(
  image: Reference,
  child: PlatformImage | Unresolved,
  { checks, evidence, existing, reuse, patience }: Judging,
): Promise<PlatformReview> {
  const reference = childReference(image, child);
  const { covering, others } = coverageOf(checks, child);
  const judgeBy = async (check: Check): Promise<Judgement> => {
    const { counting } = existing(reference, check.name);
    const found = counting === undefined ? {} : { attestation: counting };
    const known = reuse && counting !== undefined;
    const outcome = !isImage(child)
      ? error(child.error)
      : known
        ? pass
        : await judge(check, evidence.get(child), patience);
    return { checkName: check.name, outcome, ...found };
  };
  return {
    reference,
    ...(child.platform === undefined ? {} : { platform: child.platform }),
    judgements: await Promise.all(covering.map(judgeBy)),
    ...others,
  };
}

/** What a check throws is an `error` of this check alone. */
async function judge(
  check: Check,
  evidence: Evidence | undefined,
  patience: Patience | undefined,
): Promise<Outcome> {
  if (evidence === undefined) return error(new VoucherError("internal", "no evidence was gathered"));
  try {
    return endOfPatience(await check.judge(evidence), patience, evidence.at);
  } catch (fault) {
    return error(asVoucherError(fault));
  }
}
