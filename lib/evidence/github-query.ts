import type { ZodMiniType } from "zod/mini";
import {
  type CommitAnswer,
  CommitAnswerSchema,
  type ContextsAnswer,
  ContextsAnswerSchema,
  type PullRequestsAnswer,
  PullRequestsAnswerSchema,
  type ReviewsAnswer,
  ReviewsAnswerSchema,
  type RulesAnswer,
  RulesAnswerSchema,
} from "./github-documents.ts";

/** One question to GitHub, and what its answer looks like. */
export interface Query<T> {
  readonly document: string;
  readonly answer: ZodMiniType<T>;
}

const CONTEXTS = `
  fragment Contexts on StatusCheckRollupContextConnection {
    nodes {
      __typename
      ... on CheckRun { name status conclusion }
      ... on StatusContext { context state }
    }
    pageInfo { hasNextPage endCursor }
  }`;

const REVIEWS = `
  fragment Reviews on PullRequestReviewConnection {
    nodes { author { login } authorCanPushToRepository state submittedAt }
    pageInfo { hasNextPage endCursor }
  }`;

const PULL_REQUESTS = `
  fragment PullRequests on PullRequestConnection {
    nodes {
      id
      number
      merged
      mergeCommit { oid }
      baseRefName
      repository { nameWithOwner }
      author { login }
      reviews(first: 100) { ...Reviews }
    }
    pageInfo { hasNextPage endCursor }
  }
  ${REVIEWS}`;

/** The rules of rulesets; the older branch protection is told apart from them. */
const RULES = `
  fragment Rules on RepositoryRuleConnection {
    nodes { type parameters { ... on PullRequestParameters { requiredApprovingReviewCount } } }
    pageInfo { hasNextPage endCursor }
  }`;

/** All that is asked about a commit. Ten pull requests, since a commit rarely belongs to more than one. */
export const COMMIT: Query<CommitAnswer> = {
  document: `
  query VoucherCommit($owner: String!, $name: String!, $oid: GitObjectID!, $revision: String!) {
    repository(owner: $owner, name: $name) {
      nameWithOwner
      defaultBranchRef {
        id
        name
        target { oid }
        compare(headRef: $revision) { status headTarget { oid } }
        branchProtectionRule { requiresApprovingReviews requiredApprovingReviewCount }
        rules(first: 100) { ...Rules }
      }
      object(oid: $oid) {
        __typename
        oid
        ... on Commit {
          id
          signature { isValid state }
          statusCheckRollup { state contexts(first: 100) { ...Contexts } }
          associatedPullRequests(first: 10) { ...PullRequests }
        }
      }
    }
  }
  ${RULES}
  ${CONTEXTS}
  ${PULL_REQUESTS}`,
  answer: CommitAnswerSchema,
};

/** The check runs and statuses of a commit after a cursor. */
export const MORE_CONTEXTS: Query<ContextsAnswer> = {
  document: `
  query VoucherContexts($id: ID!, $after: String!) {
    node(id: $id) {
      ... on Commit { statusCheckRollup { contexts(first: 100, after: $after) { ...Contexts } } }
    }
  }
  ${CONTEXTS}`,
  answer: ContextsAnswerSchema,
};

/** The pull requests of a commit after a cursor. */
export const MORE_PULL_REQUESTS: Query<PullRequestsAnswer> = {
  document: `
  query VoucherPullRequests($id: ID!, $after: String!) {
    node(id: $id) {
      ... on Commit { associatedPullRequests(first: 10, after: $after) { ...PullRequests } }
    }
  }
  ${PULL_REQUESTS}`,
  answer: PullRequestsAnswerSchema,
};

/** The reviews of a pull request after a cursor. */
export const MORE_REVIEWS: Query<ReviewsAnswer> = {
  document: `
  query VoucherReviews($id: ID!, $after: String!) {
    node(id: $id) {
      ... on PullRequest { reviews(first: 100, after: $after) { ...Reviews } }
    }
  }
  ${REVIEWS}`,
  answer: ReviewsAnswerSchema,
};

/** The rules of a branch after a cursor. */
export const MORE_RULES: Query<RulesAnswer> = {
  document: `
  query VoucherRules($id: ID!, $after: String!) {
    node(id: $id) {
      ... on Ref { rules(first: 100, after: $after) { ...Rules } }
    }
  }
  ${RULES}`,
  answer: RulesAnswerSchema,
};
