import { type Check, error, type Outcome, pass } from "../check/contract.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import type { PlatformImage, Unresolved } from "../image/resolved.ts";
import type { Evidence, Observer } from "../ports.ts";
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
  readonly observer: Observer;
}

/**
 * Judges one child of `image` by every check that covers it, at once. A child that could not be read is an error of each
 * of them, even if it was attested once: its index must not be attested for content that nobody can pull.
 */
export async function judgePlatform(
  image: Reference,
  child: PlatformImage | Unresolved,
  judging: Judging,
): Promise<PlatformReview> {
  const { checks, evidence, existing, reuse } = judging;
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
        : await run(check, evidence.get(child), judging);
    return { checkName: check.name, outcome, ...found };
  };
  return {
    reference,
    ...(child.platform === undefined ? {} : { platform: child.platform }),
    judgements: await Promise.all(covering.map(judgeBy)),
    ...others,
  };
}

/** Runs a check, and tells the observer how it ended. */
async function run(
  check: Check,
  evidence: Evidence | undefined,
  { patience, observer }: Judging,
): Promise<Outcome> {
  const about = { check: check.name };
  observer.count("check.run.start", about);
  const done = observer.time("check.run.latency", about);
  const outcome = await judge(check, evidence, patience);
  done();
  switch (outcome.status) {
    case "pass":
      observer.count("check.run.success", about);
      break;
    case "fail":
      observer.count("check.run.failure", about);
      break;
    case "pending":
      observer.count("pending", { ...about, awaiting: outcome.awaiting });
      break;
    case "error":
      observer.count("check.run.error", { ...about, error: outcome.error });
  }
  return outcome;
}

/** What a check throws is an `error` of this check alone. */
async function judge(
  check: Check,
  evidence: Evidence | undefined,
  patience: Patience | undefined,
): Promise<Outcome> {
  if (evidence === undefined) return error(new VoucherError("internal", "no evidence was gathered"));
  try {
    return endOfPatience(await check.judge(evidence), patience);
  } catch (fault) {
    return error(asVoucherError(fault));
  }
}
