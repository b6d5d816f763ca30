import type { PlatformVerdict, Result, Verdict } from "../event/verdict.ts";
import { formatPlatform } from "../image/platform.ts";
import { canonical, formatReference, type Reference } from "../image/reference.ts";
import type { Counting, Judgement, PlatformReview, Review } from "./judgement.ts";

export type { PlatformVerdict, Result, Verdict };

/** Puts a review into the words of the contract. `tag` is the one that the image was named by, if any. */
export function toVerdict(review: Review, tag?: string): Verdict {
  const { reference, kind, judgements, dryRun, owed } = review;
  const platforms = review.platforms.map((platform) => toPlatformVerdict(platform, review));
  const summedUp = kind === "index" && !review.indexOwed;
  const results = judgements.map((judgement) => {
    const result = toResult(judgement, reference);
    if (!summedUp || dryRun) return result;
    return { ...result, attested: attestedOnEach(judgement.checkName, review.platforms) };
  });
  const all = [
    ...review.platforms.flatMap((platform) => platform.judgements),
    ...(summedUp ? [] : judgements),
  ];
  const attested = !dryRun && isAttested(all, owed);
  const uncovered = review.platforms.filter(({ uncovered = [] }) => uncovered.length > 0);
  const unscanned = [...new Set(uncovered.map(platformName))];
  return {
    image: nameOfImage(reference),
    ...(tag === undefined ? {} : { tag }),
    kind,
    success: results.every(({ success }) => success) && (dryRun || attested),
    attested,
    results,
    platforms,
    skipped: review.skipped,
    ...(unscanned.length === 0 ? {} : { unscanned }),
  };
}

function toPlatformVerdict(
  review: PlatformReview,
  { dryRun, owed }: Pick<Review, "dryRun" | "owed">,
): PlatformVerdict {
  const { reference, judgements } = review;
  const results = judgements.map((judgement) => toResult(judgement, reference));
  const attested = !dryRun && isAttested(judgements, owed);
  return {
    platform: platformName(review),
    digest: reference.digest,
    success: results.length > 0 && results.every(({ success }) => success) && (dryRun || attested),
    attested,
    results,
  };
}

function platformName({ platform }: PlatformReview): string {
  return platform === undefined ? "unknown" : formatPlatform(platform);
}

/** Without its tag where its digest is known: a tag may move. */
function nameOfImage(reference: Reference): string {
  const { digest } = reference;
  return formatReference(digest === undefined ? reference : canonical(reference, digest));
}

function toResult(judgement: Judgement, image: Reference): Result {
  const { checkName, outcome, attestation, unstored } = judgement;
  const error =
    unstored === undefined ? errorOf(outcome) : `passed, but could not be attested: ${unstored.message}`;
  return {
    name: checkName,
    status: outcome.status,
    success: outcome.status === "pass",
    attested: stands(judgement),
    ...(error === undefined
      ? {}
      : {
          error:
            attestation !== undefined && outcome.status === "fail"
              ? `${error}${stillAdmitted(checkName, image)}`
              : error,
        }),
    ...(outcome.status === "fail" && outcome.findings !== undefined ? { findings: outcome.findings } : {}),
    ...(attestation === undefined ? {} : { details: toDetails(checkName, attestation) }),
  };
}

function stillAdmitted(checkName: string, image: Reference): string {
  return ` (an older attestation still admits it; withdraw it with voucher revoke ${nameOfImage(image)} --check ${checkName} --reason TEXT)`;
}

function errorOf(outcome: Judgement["outcome"]): string | undefined {
  switch (outcome.status) {
    case "pass":
      return undefined;
    case "fail":
      return outcome.reason;
    case "pending":
      return `waiting: ${outcome.reason}`;
    case "error":
      return outcome.error.message;
  }
}

/** Voucher's field names. A signature that is no text (all but OpenPGP's) stands in base64. */
function toDetails(checkName: string, { payload, signature }: Counting): NonNullable<Result["details"]> {
  return {
    CheckName: checkName,
    Body: Buffer.from(payload).toString("utf8"),
    Signature: textOf(signature.bytes),
    KeyID: signature.keyId,
  };
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return text.startsWith("-----BEGIN PGP ") ? text : Buffer.from(bytes).toString("base64");
}

/** An older attestation does not make up for one that was asked for and could not be stored. */
function stands({ attestation, unstored }: Judgement): boolean {
  return attestation !== undefined && unstored === undefined;
}

/** Whether everything owed is attested, and something is. */
function isAttested(judgements: readonly Judgement[], owed: Review["owed"]): boolean {
  const owing = judgements.filter(({ outcome }) => owed === "every" || outcome.status === "pass");
  return owing.length > 0 && owing.every(stands);
}

function attestedOnEach(checkName: string, platforms: readonly PlatformReview[]): boolean {
  const judgements = platforms
    .flatMap((platform) => platform.judgements)
    .filter((one) => one.checkName === checkName);
  return judgements.length > 0 && judgements.every(stands);
}
