import { asVoucherError } from "../errors.ts";
import type { BuildRecord, Commit, Evidence, Source } from "../ports.ts";
import { countApprovals, neededApprovals } from "./approvals.ts";
import { type Check, error, fail, type Outcome, pass, pending } from "./contract.ts";
import { allOf, anyOf } from "./outcomes.ts";
import { type BuildTrust, trustedBuilds } from "./trusted-builds.ts";
import { listed, plain, quote } from "./wording.ts";

export interface ApprovedSettings extends BuildTrust {
  /** Where the commit must stand on the default branch: at its head, or anywhere on it. */
  readonly head: "exact" | "ancestor";
}

/**
 * Passes images that a trusted build made from an approved commit: on the default branch, with a valid signature, the
 * merge commit of a pull request with enough approvals, and with CI passed.
 */
export function approved({ head, ...trust }: ApprovedSettings): Check {
  return {
    name: "approved",
    description:
      "The image was built from a signed and reviewed commit of the default branch that passed CI.",
    async judge(evidence) {
      const builds = await trustedBuilds(evidence, trust);
      if ("outcome" in builds) return builds.outcome;
      return anyOf(await Promise.all(builds.records.map((record) => judgeBuild(record, evidence, head))));
    },
  };
}

/** What was built from several commits needs each of them approved. */
async function judgeBuild({ id, sources }: BuildRecord, evidence: Evidence, head: Head): Promise<Outcome> {
  if (sources.length === 0)
    return fail(`the build record ${plain(id)} does not say what source it was built from`);
  return allOf(await Promise.all(sources.map((source) => judgeSource(source, evidence, head))));
}

type Head = ApprovedSettings["head"];

/** A fault with one commit is this commit's alone: another build may be approved. */
async function judgeSource(source: Source, evidence: Evidence, head: Head): Promise<Outcome> {
  try {
    return judgeCommit(await evidence.commit(source), source.revision, head);
  } catch (fault) {
    return error(asVoucherError(fault));
  }
}

function judgeCommit(commit: Commit, revision: string, head: Head): Outcome {
  const name = `commit ${plain(revision.slice(0, 12))} of ${plain(commit.repository)}`;
  const objections = [
    ...positionObjections(commit, head),
    ...signatureObjections(commit),
    ...reviewObjections(commit),
    ...ciObjections(commit),
  ];
  if (objections.length > 0) return fail(`${name} ${objections.join(", and ")}`);
  if (commit.ci.state !== "running") return pass;
  return pending("ci", `CI is still running on ${name}`);
}

function positionObjections({ position, defaultBranch }: Commit, head: Head): readonly string[] {
  if (position === "head" || (position === "ancestor" && head === "ancestor")) return [];
  const branch = quote(defaultBranch);
  if (position === "elsewhere") return [`is not on the default branch ${branch}`];
  return [
    `is no longer the head of the default branch ${branch} (approved.head = "ancestor" accepts earlier commits of it)`,
  ];
}

function signatureObjections({ signature }: Commit): readonly string[] {
  if (signature === "valid") return [];
  return [signature === "none" ? "is not signed" : "has a signature that is not valid"];
}

function reviewObjections({ pullRequests, defaultBranch }: Commit): readonly string[] {
  const merged = pullRequests.filter((one) => one.merged && one.mergedByThisCommit && one.intoDefaultBranch);
  const [first] = merged;
  if (first === undefined) return [`is not the merge commit of a pull request into ${quote(defaultBranch)}`];
  if (merged.some((one) => countApprovals(one) >= neededApprovals(one))) return [];
  const { number } = first;
  return [
    `merged pull request ${number} with ${countApprovals(first)} of ${neededApprovals(first)} approvals`,
  ];
}

function ciObjections({ ci }: Commit): readonly string[] {
  if (ci.state === "none") return ["was not tested by any CI"];
  if (ci.state !== "failed") return [];
  return [ci.failing.length === 0 ? "did not pass CI" : `did not pass CI (${listed(ci.failing.map(plain))})`];
}
