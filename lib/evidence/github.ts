import { VoucherError } from "../errors.ts";
import { parseSourceRepository, type SourceRepository } from "../image/source.ts";
import type { Commit, Source } from "../ports.ts";
import { printable } from "../registry/text.ts";
import { createGitHubClient, type GitHubClient, type GitHubClientOptions } from "./github-client.ts";
import { toCommit, type WholeCommit, type WholePullRequest } from "./github-commit.ts";
import type {
  CommitAnswer,
  FoundBranch,
  FoundCommit,
  FoundContext,
  FoundRule,
  Page,
} from "./github-documents.ts";
import type { Purpose } from "./github-failure.ts";
import { readPages } from "./github-pages.ts";
import {
  COMMIT,
  MORE_CONTEXTS,
  MORE_PULL_REQUESTS,
  MORE_REVIEWS,
  MORE_RULES,
  type Query,
} from "./github-query.ts";

/** Says what the source host knows of a commit. */
export interface CommitSource {
  /**
   * Throws `not-found` where the commit or its repository is not there, or not to be seen; `unsupported` for a source of
   * another host; `config` without credentials.
   */
  (source: Source, signal: AbortSignal): Promise<Commit>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** A full commit id, SHA-1 or SHA-256: an abbreviated one, or a branch, may mean another commit tomorrow. */
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads commits from GitHub: one query a commit, and one more for each further page. */
export function createCommitSource(options: GitHubClientOptions): CommitSource {
  const client = createGitHubClient(options);
  const { endpoint } = options;

  async function read(source: Source, signal: AbortSignal): Promise<Commit> {
    const address = parseAddress(source.url);
    const { host, owner, repository } = address;
    if (host !== endpoint.host) {
      throw new VoucherError(
        "unsupported",
        `the source ${host}/${owner}/${repository} is not on ${endpoint.host}, the only host that github.endpoint asks`,
      );
    }
    const revision = toCommitId(source.revision, address);
    const ask = askAbout(client, address, revision, signal);
    const variables = { owner, name: repository, oid: revision, revision };
    return toCommit(await whole(await ask(COMMIT, variables), address, revision, ask));
  }

  return Object.assign(read, { close: () => client.close() });
}

function parseAddress(url: string): SourceRepository {
  const address = parseSourceRepository(url);
  if (address !== undefined && !address.owner.includes("/")) return address;
  // Without user, password and query, whatever is wrong with the rest.
  const shown = printable(url.replace(/[?#].*$/s, "").replace(/^.*@/s, ""));
  throw new VoucherError(
    "unsupported",
    `the source ${JSON.stringify(shown)} is no address of a repository; let the builder record one, as in https://github.com/acme/app`,
  );
}

type Ask = <T>(query: Query<T>, variables: { readonly [name: string]: string }) => Promise<T>;

function askAbout(
  client: GitHubClient,
  address: SourceRepository,
  revision: string,
  signal: AbortSignal,
): Ask {
  const purpose = purposeOf(address, revision);
  return (query, variables) => client.ask(query, variables, { owner: address.owner, purpose, signal });
}

function toCommitId(revision: string, { host, owner, repository }: SourceRepository): string {
  const id = revision.trim().toLowerCase();
  if (COMMIT_ID.test(id)) return id;
  throw new VoucherError(
    "malformed",
    `the revision ${JSON.stringify(revision.slice(0, 100))} of ${host}/${owner}/${repository} is no full commit id; let the builder record the commit that it built`,
  );
}

/** Reads what is left of the commit that `answer` describes. */
async function whole(
  { repository }: CommitAnswer,
  { host, owner, repository: name }: SourceRepository,
  revision: string,
  ask: Ask,
): Promise<WholeCommit> {
  const asked = `${host}/${owner}/${name}`;
  if (repository === null) throw notFound(`there is no ${asked} that these credentials may read`);
  const { nameWithOwner, defaultBranchRef: branch, object: commit } = repository;
  // GitHub follows a repository that was renamed or given away; its new owner's approval is not the one asked for.
  if (!nameWithOwner.toLowerCase().startsWith(`${owner.toLowerCase()}/`)) {
    throw notFound(`${asked} belongs to another owner now, as ${printable(nameWithOwner)}`);
  }
  if (branch === null) throw notFound(`${asked} has no default branch that these credentials may read`);
  if (commit === null) throw notFound(`there is no commit ${revision} in ${asked}`);
  if (commit.__typename !== "Commit") {
    throw new VoucherError("unsupported", `${revision} in ${asked} is no commit but a ${commit.__typename}`);
  }
  if (commit.oid !== revision) {
    throw new VoucherError(
      "malformed",
      `${host} was asked for commit ${revision} and answered about another`,
    );
  }
  const rules = await readRules(branch, asked, ask);
  const contexts = await readContexts(commit, asked, ask);
  const pullRequests = await readPullRequests(commit, asked, ask);
  return { repository: nameWithOwner, branch, rules, commit, contexts, pullRequests };
}

const NONE: Page<never> = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };

function readRules({ id, name, rules }: FoundBranch, asked: string, ask: Ask): Promise<readonly FoundRule[]> {
  const next = async (after: string) => (await ask(MORE_RULES, { id, after })).node.rules;
  return readPages(rules ?? NONE, next, `rules of the branch ${printable(name)} of ${asked}`);
}

function readContexts(
  { id, oid, statusCheckRollup }: FoundCommit,
  asked: string,
  ask: Ask,
): Promise<readonly FoundContext[]> {
  const next = async (after: string) =>
    (await ask(MORE_CONTEXTS, { id, after })).node.statusCheckRollup.contexts;
  return readPages(statusCheckRollup?.contexts ?? NONE, next, `check runs of ${asked}@${oid}`);
}

async function readPullRequests(
  { id, oid, associatedPullRequests }: FoundCommit,
  asked: string,
  ask: Ask,
): Promise<readonly WholePullRequest[]> {
  const next = async (after: string) =>
    (await ask(MORE_PULL_REQUESTS, { id, after })).node.associatedPullRequests;
  const found = await readPages(associatedPullRequests ?? NONE, next, `pull requests of ${asked}@${oid}`);
  const pullRequests: WholePullRequest[] = [];
  for (const pullRequest of found) {
    const more = async (after: string) =>
      (await ask(MORE_REVIEWS, { id: pullRequest.id, after })).node.reviews;
    const of = `reviews of pull request ${pullRequest.number} of ${asked}`;
    pullRequests.push({ ...pullRequest, reviews: await readPages(pullRequest.reviews, more, of) });
  }
  return pullRequests;
}

function notFound(what: string): VoucherError {
  return new VoucherError(
    "not-found",
    `${what}; check the build record, and that the secret repositories.<alias>.… may read that repository`,
  );
}

function purposeOf({ owner, repository }: SourceRepository, revision: string): Purpose {
  const secret = "the secret repositories.<alias>.…";
  return {
    action: `answer about ${owner}/${repository}@${revision}`,
    advice: {
      unauthorized: `renew ${secret} for ${owner}`,
      forbidden: `let ${secret} for ${owner} read contents, pull requests, checks and commit statuses`,
      notFound: `check that ${owner}/${repository} exists and that ${secret} for ${owner} may read it; and github.endpoint`,
    },
  };
}
