import { error, fail, type Outcome, pass, pending } from "../check/contract.ts";
import { VoucherError } from "../errors.ts";
import { formatPlatform } from "../image/platform.ts";
import type { PlatformReview } from "./judgement.ts";

/**
 * The outcome of one check for an index, from those of the platforms that its policy looks at: it passes when each of them
 * that the check covers did. A platform that failed decides, then one that could not be judged, then one whose evidence is
 * awaited. An index of which the check covers nothing is an error of it.
 */
export function indexOutcome(name: string, platforms: readonly PlatformReview[]): Outcome {
  const judged = platforms.flatMap((platform) =>
    platform.judgements
      .filter(({ checkName }) => checkName === name)
      .map(({ outcome }) => ({ platform, outcome })),
  );
  const failed = judged.flatMap(({ platform, outcome }) =>
    outcome.status === "fail" ? [`${nameOf(platform)}: ${outcome.reason}`] : [],
  );
  if (failed.length > 0) return fail(failed.join("; "));
  const faults = judged.flatMap(({ platform, outcome }) =>
    outcome.status === "error" ? [{ platform, error: outcome.error }] : [],
  );
  if (faults.length > 0) return error(combine(faults));
  const awaited = judged.flatMap(({ platform, outcome }) =>
    outcome.status === "pending" ? [{ ...outcome, reason: `${nameOf(platform)}: ${outcome.reason}` }] : [],
  );
  const [first] = awaited;
  if (first !== undefined) return pending(first.awaiting, awaited.map(({ reason }) => reason).join("; "));
  return judged.length === 0 ? error(nothingCovered(name, platforms)) : pass;
}

/** Whether a check has judged any of these platforms. */
export function isJudged(name: string, platforms: readonly PlatformReview[]): boolean {
  return platforms.some(({ judgements }) => judgements.some(({ checkName }) => checkName === name));
}

/** There will never be evidence for what a check does not cover, so it must not pass for lack of objections. */
function nothingCovered(name: string, platforms: readonly PlatformReview[]): VoucherError {
  const left = platforms.map(nameOf).join(", ");
  return new VoucherError(
    "no-evidence",
    `${name} covers no platform of this image (${left}), so it cannot vouch for it; its settings name those that it covers`,
  );
}

function combine(faults: readonly { platform: PlatformReview; error: VoucherError }[]): VoucherError {
  const worst = faults.find(({ error }) => error.retryable)?.error ?? faults[0]?.error;
  const message = faults.map(({ platform, error }) => `${nameOf(platform)}: ${error.message}`).join("; ");
  return new VoucherError(worst?.code ?? "internal", message, {
    retryable: worst?.retryable ?? false,
    cause: worst,
  });
}

function nameOf({ platform, reference }: PlatformReview): string {
  return platform === undefined ? reference.digest : formatPlatform(platform);
}
