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
    outcome.status === "fail" ? [{ platform, reason: outcome.reason }] : [],
  );
  if (failed.length > 0) return fail(said(failed));
  const faults = judged.flatMap(({ platform, outcome }) =>
    outcome.status === "error" ? [{ platform, error: outcome.error, reason: outcome.error.message }] : [],
  );
  if (faults.length > 0) return error(combine(faults));
  const awaited = judged.flatMap(({ platform, outcome }) =>
    outcome.status === "pending" ? [{ platform, awaiting: outcome.awaiting, reason: outcome.reason }] : [],
  );
  const [first] = awaited;
  if (first !== undefined) return pending(first.awaiting, said(awaited));
  return judged.length === 0 ? error(nothingCovered(name, platforms)) : pass;
}

interface Said {
  readonly platform: PlatformReview;
  readonly reason: string;
}

/** What is said of each platform, and once what is said of several. */
function said(all: readonly Said[]): string {
  const byReason = Map.groupBy(all, ({ reason }) => reason);
  return [...byReason]
    .map(([reason, some]) => `${some.map(({ platform }) => nameOf(platform)).join(", ")}: ${reason}`)
    .join("; ");
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

function combine(faults: readonly (Said & { readonly error: VoucherError })[]): VoucherError {
  const worst = faults.find(({ error }) => error.retryable)?.error ?? faults[0]?.error;
  const { code = "internal", retryable = false } = worst ?? {};
  return new VoucherError(code, said(faults), { retryable, cause: worst });
}

function nameOf({ platform, reference }: PlatformReview): string {
  return platform === undefined ? reference.digest : formatPlatform(platform);
}
