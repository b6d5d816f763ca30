import { type Check, error, pass } from "../check/contract.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import type { PlatformImage, Unresolved } from "../image/resolved.ts";
import type { Evidence, Observer } from "../ports.ts";
import { coverageOf } from "./coverage.ts";
import type { ExistingAttestations } from "./existing.ts";
import { watched } from "./inputs.ts";
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
    const judged = !isImage(child)
      ? { outcome: error(child.error) }
      : known
        ? { outcome: pass }
        : await run(check, evidence.get(child), judging);
    return { checkName: check.name, ...judged, ...found };
  };
  return {
    reference,
    ...(child.platform === undefined ? {} : { platform: child.platform }),
    judgements: await Promise.all(covering.map(judgeBy)),
    ...others,
  };
}

/** What one check said, and what it looked at. */
type Judged = Pick<Judgement, "outcome" | "inputs">;

/** Runs a check, and tells the observer how it ended. */
async function run(
  check: Check,
  evidence: Evidence | undefined,
  { patience, observer }: Judging,
): Promise<Judged> {
  const about = { check: check.name };
  observer.count("check.run.start", about);
  const done = observer.time("check.run.latency", about);
  const judged = await judge(check, evidence, patience);
  done();
  const { outcome } = judged;
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
  return judged;
}

/** What a check throws is an `error` of this check alone. */
async function judge(
  check: Check,
  evidence: Evidence | undefined,
  patience: Patience | undefined,
): Promise<Judged> {
  if (evidence === undefined) {
    return { outcome: error(new VoucherError("internal", "no evidence was gathered")) };
  }
  try {
    const watching = watched(evidence);
    const outcome = endOfPatience(await check.judge(watching.evidence), patience);
    const inputs = watching.inputs();
    return { outcome, ...(inputs === undefined ? {} : { inputs }) };
  } catch (fault) {
    return { outcome: error(asVoucherError(fault)) };
  }
}
