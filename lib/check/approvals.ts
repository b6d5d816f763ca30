import type { PullRequest, ReviewState } from "../ports.ts";

/** What is asked of a pull request of whose base branch nothing is known. */
const UNKNOWN_REQUIREMENT = 1;

/** What a reviewer says may be replaced by these alone: a comment leaves an approval standing, on GitHub too. */
const DECIDING: readonly ReviewState[] = ["approved", "changes-requested", "dismissed"];

/**
 * How many approvals a pull request needs. Voucher's rule: what the protection of its base branch asks for, and none where
 * it asks for none.
 */
export function neededApprovals({ requiredApprovals = UNKNOWN_REQUIREMENT }: PullRequest): number {
  return requiredApprovals;
}

/** How many people approve a pull request: the latest word of each reviewer counts, and the author's never does. */
export function countApprovals({ author, reviews }: PullRequest): number {
  const latest = new Map<string, ReviewState>();
  for (const { reviewer, state } of reviews) {
    if (DECIDING.includes(state)) latest.set(reviewer.toLowerCase(), state);
  }
  if (author !== undefined) latest.delete(author.toLowerCase());
  return [...latest.values()].filter((state) => state === "approved").length;
}
