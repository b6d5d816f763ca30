import { onTestFinished } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { type CommitSource, createCommitSource } from "../../lib/evidence/github.ts";
import type { GitHubClientOptions } from "../../lib/evidence/github-client.ts";
import { parseGitHubEndpoint } from "../../lib/evidence/github-endpoint.ts";
import type { GitHubSignIn } from "../../lib/evidence/github-sign-in.ts";
import type { Commit } from "../../lib/ports.ts";
import { type FakeGitHub, type FakeGitHubOptions, fakeGitHub } from "../support/github.ts";
import type { FakeCommit, FakeRepository } from "../support/github-graph.ts";

export const HEAD = "a".repeat(40);
export const EARLIER = "b".repeat(40);
export const URL = "https://github.com/acme/app";

export interface Asked {
  readonly fake: FakeGitHub;
  readonly source: CommitSource;
  /** The commit `revision` of {@link URL}. */
  commit(revision?: string, url?: string): Promise<Commit>;
  /** What asking for it throws. */
  failure(revision?: string, url?: string): Promise<VoucherError>;
}

export interface AskingOptions extends FakeGitHubOptions {
  /** Signs in, as at any endpoint that is not on this machine; without, as at one that is. */
  readonly signIn?: GitHubClientOptions["signInFor"] | GitHubSignIn;
  readonly client?: Partial<GitHubClientOptions>;
}

/** A commit source, and the GitHub that it asks until the test ends; it hardly waits between tries. */
export async function asking({ signIn, client, ...options }: AskingOptions = {}): Promise<Asked> {
  const fake = await fakeGitHub(options);
  onTestFinished(() => fake.close());
  const endpoint = parseGitHubEndpoint(fake.endpoint);
  const source = createCommitSource({
    endpoint: signIn === undefined ? endpoint : { ...endpoint, local: false },
    signInFor: typeof signIn === "function" ? signIn : () => signIn,
    backOff: 5,
    ...client,
  });
  onTestFinished(() => source.close());
  const commit = (revision = HEAD, url = URL) => source({ url, revision }, new AbortController().signal);
  return { fake, source, commit, failure: (revision, url) => failureOf(commit(revision, url)) };
}

export async function failureOf(call: Promise<unknown>): Promise<VoucherError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof VoucherError) return thrown;
  throw new Error(`expected a VoucherError, not ${String(thrown)}`);
}

/** The repository `acme/app`, whose head is the commit that is described. */
export function withHead(commit: FakeCommit, more: Partial<FakeRepository> = {}): FakeRepository {
  return { name: "acme/app", head: HEAD, commits: { [HEAD]: commit }, ...more };
}
