import type { Check } from "../check/contract.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { Canonical } from "../image/reference.ts";
import type { EvidenceSource, Observer, Resolver } from "../ports.ts";
import { type AttestPorts, attest, type Owed } from "./attest.ts";
import { type ExistingAttestations, findExisting, nothingExists } from "./existing.ts";
import { inputsOf } from "./inputs.ts";
import { judgePlatform } from "./judge.ts";
import type { Judgement, PlatformReview, Review } from "./judgement.ts";
import { observed } from "./observed.ts";
import type { Patience } from "./patience.ts";
import { indexOutcome } from "./policy.ts";
import { findScope, isImage, outOfScope, requireChecks, type Scoping, subjectsOf } from "./scope.ts";

export interface ReviewRequest extends Scoping {
  readonly checks: readonly Check[];
  /**
   * `reuse`: a check whose attestation counts is not run again. `run`: every check runs, and what is missing is signed.
   * `force`: every check runs, and all that pass are signed anew.
   */
  readonly existing: "reuse" | "run" | "force";
  /** How long evidence is waited for; without, what is awaited stays pending. */
  readonly patience?: Patience | undefined;
}

export interface ReviewPorts {
  readonly observer: Observer;
  readonly resolver: Resolver;
  readonly evidence: EvidenceSource;
  /** Absent in a dry run: everything runs, the store is not asked, nothing is published. */
  readonly attesting?: Omit<AttestPorts, "observer"> | undefined;
}

/**
 * Reviews an image: resolves it, runs every check on every selected platform, concludes for the index by policy, and
 * attests what passed. Throws what resolving the image itself throws, and `usage` without any check; whatever befalls a
 * single platform, check or attestation is part of the answer.
 */
export async function review(
  request: ReviewRequest,
  ports: ReviewPorts,
  signal: AbortSignal,
): Promise<Review> {
  const done = ports.observer.time("review.latency");
  try {
    return await reviewImage(request, ports, signal);
  } finally {
    done();
  }
}

async function reviewImage(request: ReviewRequest, ports: ReviewPorts, signal: AbortSignal): Promise<Review> {
  const { checks, existing: mode } = request;
  const { observer, resolver, attesting } = ports;
  requireChecks(checks);
  const dryRun = attesting === undefined;
  const scope = await observer.stage("resolve", () => findScope(request, resolver, signal));
  if (scope.kind === "out") return outOfScope(scope, checks, dryRun);

  const found = await lookUp(subjectsOf(scope), checks, ports, signal);
  const existing = found instanceof VoucherError ? nothingExists : found;

  const { reference, kind } = scope.image;
  const images = scope.platforms.filter(isImage);
  const gathered = ports.evidence.of(images, signal).map((one) => observed(one, observer));
  const evidence = new Map(gathered.map((one) => [one.image, one]));
  const reuse = mode === "reuse";
  const judging = { checks, evidence, existing, reuse, patience: request.patience, observer };
  const platforms = await observer.stage("judge", () =>
    Promise.all(scope.platforms.map((child) => judgePlatform(reference, child, judging))),
  );
  const own = scope.single ? platforms.flatMap((platform) => platform.judgements) : [];
  const ofImage = scope.single || scope.indexOwed ? existing : nothingExists;
  const judgements = checks.map(
    (check) =>
      own.find(({ checkName }) => checkName === check.name) ??
      concludeFromPlatforms(check, platforms, ofImage, reference),
  );

  const reviewed = {
    reference,
    kind,
    judgements,
    platforms,
    skipped: scope.skipped,
    indexOwed: scope.indexOwed,
    owed: "passed" as const,
    dryRun,
  };
  if (attesting === undefined) return reviewed;
  const owed = whatIsOwed(reviewed, reference, existing, mode === "force");
  const answers =
    found instanceof VoucherError
      ? found
      : await attest([...owed.values()], { ...attesting, observer }, signal);
  return withAnswers(reviewed, (judgement) => {
    const one = owed.get(judgement);
    if (one === undefined) return {};
    return answers instanceof VoucherError ? { unstored: answers } : (answers.get(one) ?? {});
  });
}

/** What exists; or the fault that keeps us from knowing: the checks still run, and all that is owed stays owed. */
async function lookUp(
  subjects: readonly Canonical[],
  checks: readonly Check[],
  { attesting, observer }: ReviewPorts,
  signal: AbortSignal,
): Promise<ExistingAttestations | VoucherError> {
  if (attesting === undefined) return nothingExists;
  const names = checks.map(({ name }) => name);
  const find = () => findExisting(subjects, names, attesting, signal);
  return observer.stage("existing", find).catch(asVoucherError);
}

function concludeFromPlatforms(
  { name }: Check,
  platforms: readonly PlatformReview[],
  existing: ExistingAttestations,
  image: Canonical,
): Judgement {
  const { counting } = existing(image, name);
  const found = counting === undefined ? {} : { attestation: counting };
  return { checkName: name, outcome: indexOutcome(name, platforms), ...found };
}

/** The attestations to make, by the judgement that earned each. A single image's judgements are its platform's own. */
function whatIsOwed(
  { platforms, judgements, indexOwed }: Review,
  image: Canonical,
  existing: ExistingAttestations,
  force: boolean,
): ReadonlyMap<Judgement, Owed> {
  const owed = new Map<Judgement, Owed>();
  const add = (subject: Canonical, judgement: Judgement, passed: readonly PlatformReview[] = []) => {
    if (judgement.outcome.status !== "pass" || (judgement.attestation !== undefined && !force)) return;
    const { checkName } = judgement;
    const inputs = passed.length === 0 ? judgement.inputs : inputsOf(checkName, passed);
    owed.set(judgement, {
      checkName,
      subject,
      platforms: passed.map(({ reference }) => reference),
      ...(inputs === undefined ? {} : { inputs }),
      existing: existing(subject, checkName),
    });
  };
  for (const platform of platforms)
    for (const judgement of platform.judgements) add(platform.reference, judgement);
  if (indexOwed)
    for (const judgement of judgements) add(image, judgement, whatPassed(judgement.checkName, platforms));
  return owed;
}

function whatPassed(checkName: string, platforms: readonly PlatformReview[]): readonly PlatformReview[] {
  return platforms.filter(({ judgements }) =>
    judgements.some((one) => one.checkName === checkName && one.outcome.status === "pass"),
  );
}

function withAnswers(reviewed: Review, answer: (judgement: Judgement) => Partial<Judgement>): Review {
  const settled = (judgement: Judgement): Judgement => ({ ...judgement, ...answer(judgement) });
  return {
    ...reviewed,
    judgements: reviewed.judgements.map(settled),
    platforms: reviewed.platforms.map((platform) => ({
      ...platform,
      judgements: platform.judgements.map(settled),
    })),
  };
}
