import { GraphQLError } from "graphql";

/** What a repository of the fake holds. Whatever is left out is as harmless as can be. */
export interface FakeRepository {
  /** `owner/name` */
  readonly name: string;
  /** What it was called before it was renamed or given away; GitHub still finds it by that name. */
  readonly formerly?: string;
  readonly defaultBranch?: string;
  /** The commit at the head of the default branch. */
  readonly head: string;
  /** Commits that are on the default branch, behind its head. */
  readonly behind?: readonly string[];
  readonly commits: { readonly [oid: string]: FakeCommit };
  /** Commits that have no history in common with the default branch. */
  readonly unrelated?: readonly string[];
  /** Branches that are named like a commit: GitHub compares what stands there. */
  readonly branches?: { readonly [name: string]: string };
  /** Objects of other types, by their id. */
  readonly objects?: { readonly [oid: string]: "Blob" | "Tag" | "Tree" };
  /** The protection of the default branch. */
  readonly protection?: { readonly requires: boolean; readonly approvals?: number };
  /** How many approvals each ruleset of the default branch asks for; `undefined` for one about something else. */
  readonly rulesets?: readonly (number | undefined)[];
}

export interface FakeCommit {
  /** GitHub's word for its signature; unsigned without. */
  readonly signature?: string;
  readonly contexts?: readonly FakeContext[];
  /** What GitHub makes of all contexts; success unless set. */
  readonly rollup?: string;
  readonly pullRequests?: readonly FakePullRequest[];
}

export type FakeContext =
  | { readonly run: string; readonly status?: string; readonly conclusion?: string }
  | { readonly status: string; readonly state: string };

export interface FakePullRequest {
  readonly number: number;
  /** The commit that merged it. */
  readonly mergedBy?: string;
  readonly base?: string;
  /** Where the pull request was made, where not here. */
  readonly repository?: string;
  /** `null` for an account that was deleted. */
  readonly author?: string | null;
  readonly reviews?: readonly FakeReview[];
}

export interface FakeReview {
  /** `null` for an account that was deleted. */
  readonly by: string | null;
  readonly state: string;
  /** `null` where it is not submitted yet. */
  readonly at?: string | null;
  readonly canPush?: boolean;
}

/** As GitHub says that something is not there, or not to be seen. */
export function refused(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

interface Paging {
  readonly first?: number;
  readonly after?: string;
}

/** What the queries of GitHub's schema find in `repositories`, `pageSize` nodes a page at most. */
export function githubGraph({
  repositories = [],
  pageSize = 100,
}: {
  readonly repositories?: readonly FakeRepository[];
  readonly pageSize?: number;
}) {
  const nodes = new Map<string, unknown>();
  const page = (list: readonly unknown[]) => connection(list, pageSize);
  const named = new Map<string, unknown>();
  for (const one of repositories) {
    const found = toRepository(one, nodes, page);
    for (const name of [one.name, one.formerly ?? one.name]) named.set(name.toLowerCase(), found);
  }
  return {
    repository({ owner, name }: { readonly owner: string; readonly name: string }) {
      const found = named.get(`${owner}/${name}`.toLowerCase());
      if (found !== undefined) return found;
      throw refused("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
    },
    node({ id }: { readonly id: string }) {
      if (nodes.has(id)) return nodes.get(id);
      throw refused("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
    },
  };
}

type Pager = (list: readonly unknown[]) => (paging: Paging) => unknown;

function toRepository(repository: FakeRepository, nodes: Map<string, unknown>, page: Pager) {
  const {
    name,
    head,
    behind = [],
    unrelated = [],
    commits,
    branches = {},
    objects = {},
    protection,
    rulesets = [],
  } = repository;
  const toObject = (oid: string) => {
    const type = objects[oid];
    if (type !== undefined) return { __typename: type, oid };
    const commit = commits[oid];
    return commit === undefined ? null : toCommit(oid, commit, name, nodes, page);
  };
  const branch = {
    __typename: "Ref",
    id: `ref:${name}`,
    name: repository.defaultBranch ?? "main",
    target: { __typename: "Commit", oid: head },
    compare({ headRef }: { readonly headRef: string }) {
      const oid = branches[headRef] ?? headRef;
      if (commits[oid] === undefined || unrelated.includes(oid))
        throw refused("NOT_FOUND", `Could not resolve to a Ref '${headRef}'`);
      const status = oid === head ? "IDENTICAL" : behind.includes(oid) ? "BEHIND" : "DIVERGED";
      return { status, headTarget: { __typename: "Commit", oid } };
    },
    branchProtectionRule:
      protection === undefined
        ? null
        : {
            requiresApprovingReviews: protection.requires,
            requiredApprovingReviewCount: protection.approvals ?? null,
          },
    rules: page(
      rulesets.map((approvals) =>
        approvals === undefined
          ? { type: "DELETION", parameters: null }
          : {
              type: "PULL_REQUEST",
              parameters: { __typename: "PullRequestParameters", requiredApprovingReviewCount: approvals },
            },
      ),
    ),
  };
  nodes.set(branch.id, branch);
  return {
    nameWithOwner: name,
    defaultBranchRef: branch,
    object: ({ oid }: { readonly oid: string }) => toObject(oid),
  };
}

function toCommit(oid: string, commit: FakeCommit, name: string, nodes: Map<string, unknown>, page: Pager) {
  const { signature, contexts, rollup = "SUCCESS", pullRequests = [] } = commit;
  const id = `commit:${name}:${oid}`;
  const made = {
    __typename: "Commit",
    id,
    oid,
    signature:
      signature === undefined
        ? null
        : { __typename: "GpgSignature", isValid: signature === "VALID", state: signature },
    statusCheckRollup:
      contexts === undefined ? null : { state: rollup, contexts: page(contexts.map(toContext)) },
    associatedPullRequests: page(pullRequests.map((one) => toPullRequest(one, name, nodes, page))),
  };
  nodes.set(id, made);
  return made;
}

function toContext(context: FakeContext) {
  if (!("run" in context)) {
    return { __typename: "StatusContext", context: context.status, state: context.state };
  }
  const { run, status = "COMPLETED", conclusion = status === "COMPLETED" ? "SUCCESS" : null } = context;
  return { __typename: "CheckRun", name: run, status, conclusion };
}

function toPullRequest(made: FakePullRequest, here: string, nodes: Map<string, unknown>, page: Pager) {
  const { number, mergedBy, base = "main", repository = here, author = "ada", reviews = [] } = made;
  const id = `pull:${repository}:${number}`;
  const pullRequest = {
    __typename: "PullRequest",
    id,
    number,
    merged: mergedBy !== undefined,
    mergeCommit: mergedBy === undefined ? null : { oid: mergedBy },
    baseRefName: base,
    repository: { nameWithOwner: repository },
    author: toActor(author),
    reviews: page(
      reviews.map(({ by, state, at = "2026-01-01T00:00:00Z", canPush = true }) => ({
        author: toActor(by),
        authorCanPushToRepository: canPush,
        state,
        submittedAt: at,
      })),
    ),
  };
  nodes.set(id, pullRequest);
  return pullRequest;
}

function toActor(login: string | null) {
  return login === null ? null : { __typename: "User", login };
}

/** A page of `list`, under GitHub's own rules: `first` must be there, and from 1 to 100. */
function connection(list: readonly unknown[], pageSize: number) {
  return ({ first, after }: Paging) => {
    if (first === undefined) {
      throw refused("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value.");
    }
    if (first < 1 || first > 100) throw refused("EXCESSIVE_PAGINATION", "`first` must be from 1 to 100.");
    const from = after === undefined ? 0 : Number(Buffer.from(after, "base64").toString());
    const to = Math.min(from + Math.min(first, pageSize), list.length);
    return {
      nodes: list.slice(from, to),
      pageInfo: { hasNextPage: to < list.length, endCursor: Buffer.from(String(to)).toString("base64") },
    };
  };
}
