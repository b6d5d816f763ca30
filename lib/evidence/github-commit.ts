import { VoucherError } from "../errors.ts";
import type { Commit, PullRequest, ReviewState } from "../ports.ts";
import { printable } from "../registry/text.ts";
import type {
  FoundBranch,
  FoundCommit,
  FoundContext,
  FoundPullRequest,
  FoundReview,
  FoundRule,
} from "./github-documents.ts";

/** A commit as GitHub describes it, every page read. */
export interface WholeCommit {
  /** `owner/name` */
  readonly repository: string;
  readonly branch: FoundBranch;
  readonly rules: readonly FoundRule[];
  readonly commit: FoundCommit;
  readonly contexts: readonly FoundContext[];
  readonly pullRequests: readonly WholePullRequest[];
}

export type WholePullRequest = Omit<FoundPullRequest, "reviews"> & {
  readonly reviews: readonly FoundReview[];
};

/** Says it in our own words. Throws `unavailable` where GitHub could not verify the signature just now. */
export function toCommit(found: WholeCommit): Commit {
  const { repository, branch, commit, contexts, pullRequests } = found;
  return {
    repository,
    defaultBranch: branch.name,
    position: positionOf(branch, commit.oid),
    signature: signatureOf(commit),
    pullRequests: pullRequests.map((pullRequest) => toPullRequest(pullRequest, found)),
    ci: toCi(commit.statusCheckRollup?.state, contexts),
  };
}

/** The comparison has the default branch for its base: a commit that is on it lies behind it. */
function positionOf({ target, compare }: FoundBranch, oid: string): Commit["position"] {
  if (target?.oid === oid) return "head";
  return compare?.status === "BEHIND" && compare.headTarget.oid === oid ? "ancestor" : "elsewhere";
}

function signatureOf({ signature }: FoundCommit): Commit["signature"] {
  if (signature === null || signature.state === "UNSIGNED") return "none";
  if (signature.isValid) return "valid";
  if (signature.state === "GPGVERIFY_ERROR" || signature.state === "GPGVERIFY_UNAVAILABLE") {
    throw new VoucherError("unavailable", "GitHub cannot verify the commit's signature at the moment", {
      retryable: true,
    });
  }
  return "invalid";
}

function toPullRequest(
  { number, merged, mergeCommit, baseRefName, author, reviews, repository: base }: WholePullRequest,
  { repository, branch, rules, commit }: WholeCommit,
): PullRequest {
  // A fork has a branch of the same name, and pull requests that its owner approves alone.
  const here = base.nameWithOwner.toLowerCase() === repository.toLowerCase();
  const intoDefaultBranch = here && baseRefName === branch.name;
  const requiredApprovals = intoDefaultBranch ? requirementOf(branch, rules) : undefined;
  return {
    number,
    merged,
    mergedByThisCommit: mergeCommit?.oid === commit.oid,
    intoDefaultBranch,
    ...(author === null ? {} : { author: author.login }),
    ...(requiredApprovals === undefined ? {} : { requiredApprovals }),
    reviews: reviews.toSorted((one, other) => timeOf(one) - timeOf(other)).map(toReview),
  };
}

/**
 * Protection and rulesets hold side by side, so the strictest counts. `undefined` where neither is to be seen: a ruleset that
 * asks for no approval does not show that hidden protection asks for none.
 */
function requirementOf(
  { branchProtectionRule: protection }: FoundBranch,
  rules: readonly FoundRule[],
): number | undefined {
  const counts = rules
    .map(({ parameters }) => parameters?.requiredApprovingReviewCount ?? 0)
    .filter((count) => count > 0);
  if (protection !== null)
    counts.push(protection.requiresApprovingReviews ? (protection.requiredApprovingReviewCount ?? 1) : 0);
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/** Without a time is what was begun and not yet submitted. */
function timeOf({ submittedAt }: FoundReview): number {
  return submittedAt === null ? Number.MAX_SAFE_INTEGER : Date.parse(submittedAt);
}

const REVIEW_STATES: { readonly [state in FoundReview["state"]]: ReviewState } = {
  APPROVED: "approved",
  CHANGES_REQUESTED: "changes-requested",
  COMMENTED: "commented",
  DISMISSED: "dismissed",
  PENDING: "pending",
};

/** GitHub's own name for whoever deleted their account. */
const DELETED = "ghost";

/**
 * Anybody may approve a pull request that they can see; like GitHub itself, we take it for a comment where it is not from
 * somebody who may push. Who deleted their account may not.
 */
function toReview({ author, authorCanPushToRepository, state }: FoundReview) {
  const counts = state !== "APPROVED" || (author !== null && authorCanPushToRepository);
  return {
    reviewer: author?.login ?? DELETED,
    state: counts ? REVIEW_STATES[state] : ("commented" as const),
  };
}

type Step = "passed" | "failed" | "running";

/** `overall` is what GitHub makes of them all: where it is worse than what we see, something is hidden from us. */
function toCi(overall: string | undefined, contexts: readonly FoundContext[]): Commit["ci"] {
  const steps = contexts.map((context) => ({ name: nameOf(context), step: stepOf(context) }));
  const failing = [
    ...new Set(steps.filter(({ step }) => step === "failed").map(({ name }) => printable(name))),
  ];
  const combined = overall === undefined ? "passed" : stateOf(overall);
  if (failing.length > 0) return { state: "failed", failing };
  if (steps.some(({ step }) => step === "running")) return { state: "running", failing };
  if (steps.length === 0) return { state: "none", failing };
  return { state: combined, failing: combined === "failed" ? ["the combined status"] : [] };
}

function nameOf(context: FoundContext): string {
  return context.__typename === "CheckRun" ? context.name : context.context;
}

const PASSING_CONCLUSIONS = ["SUCCESS", "NEUTRAL", "SKIPPED"];

function stepOf(context: FoundContext): Step {
  if (context.__typename === "StatusContext") return stateOf(context.state);
  if (context.status !== "COMPLETED") return "running";
  return PASSING_CONCLUSIONS.includes(context.conclusion ?? "") ? "passed" : "failed";
}

function stateOf(state: string): Step {
  if (state === "SUCCESS") return "passed";
  return state === "PENDING" || state === "EXPECTED" ? "running" : "failed";
}
