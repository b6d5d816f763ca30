import type { GraphqlResponseError } from "@octokit/graphql";
import { VoucherError } from "../errors.ts";
import type { Proxies } from "../proxy.ts";
import { withoutCredentials } from "../registry/redaction.ts";
import { retry } from "../retry.ts";
import { type AnswerError, ErrorsSchema } from "./github-documents.ts";
import type { GitHubEndpoint } from "./github-endpoint.ts";
import { graphqlFailure, type Purpose, RateLimited } from "./github-failure.ts";
import type { Query } from "./github-query.ts";
import { createAuthorizer, type GitHubSignIn, voucherErrorIn } from "./github-sign-in.ts";
import { createGitHubTransport } from "./github-transport.ts";

/** Whose repositories are asked about, what for, and until when. */
export interface Asking {
  readonly owner: string;
  readonly purpose: Purpose;
  readonly signal: AbortSignal;
}

/** Asks GitHub's GraphQL API. */
export interface GitHubClient {
  /** Returns the parsed answer. Throws a VoucherError for everything else, after as many tries as make sense. */
  ask<T>(query: Query<T>, variables: { readonly [name: string]: string }, asking: Asking): Promise<T>;
  close(): Promise<void>;
}

export interface GitHubClientOptions {
  readonly endpoint: GitHubEndpoint;
  /**
   * Returns how to sign in to read the repositories of `owner`, which is spelled as the source's address spells it: compare
   * without regard to case. Not asked where the endpoint is local.
   */
  readonly signInFor: (owner: string) => GitHubSignIn | undefined | Promise<GitHubSignIn | undefined>;
  readonly proxies?: Proxies | undefined;
  /** For one try, in milliseconds. */
  readonly timeout?: number;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff?: number;
  /** In bytes. */
  readonly largestBody?: number;
  /** Told of each request that is sent. */
  readonly onRequest?: (() => void) | undefined;
}

const MIB = 1024 * 1024;
/** A limit that lifts later than this is not waited for: the event comes back by itself. In milliseconds. */
const LONGEST_WAIT = 30_000;

/** Returns a client with connections of its own. octokit is loaded by the first question. */
export function createGitHubClient(options: GitHubClientOptions): GitHubClient {
  const { endpoint, signInFor, proxies, timeout = 30_000, backOff = 500, largestBody = 8 * MIB } = options;
  const { host, local } = endpoint;
  const { onRequest } = options;
  const transport = createGitHubTransport({ host, timeout, largestBody, proxies, onRequest });
  const authorizer = createAuthorizer(endpoint, transport);
  /** By owner. GitHub bans who goes on asking. */
  const limits = new Map<string, RateLimited>();

  async function post<T>(
    { document, answer }: Query<T>,
    variables: { readonly [name: string]: string },
    { purpose, signal }: Asking,
    authorization: string | undefined,
  ): Promise<T> {
    const { graphql, GraphqlResponseError } = await import("@octokit/graphql");
    let found: unknown;
    try {
      found = await graphql(document, {
        ...variables,
        baseUrl: endpoint.graphql.replace(/\/graphql$/, ""),
        headers: authorization === undefined ? {} : { authorization },
        request: { fetch: transport.fetchFor(purpose), signal },
      });
    } catch (thrown) {
      if (!(thrown instanceof GraphqlResponseError)) throw voucherErrorIn(thrown) ?? unreadable(host);
      found = toleratedData(thrown, host, purpose, authorization);
    }
    const parsed = answer.safeParse(found);
    if (!parsed.success) throw unreadable(host);
    return parsed.data;
  }

  async function once<T>(
    query: Query<T>,
    variables: { readonly [name: string]: string },
    asking: Asking,
  ): Promise<T> {
    if (local) return post(query, variables, asking, undefined);
    const { owner, signal } = asking;
    const signIn = (await signInFor(owner)) ?? missing(host, owner);
    const authorization = await authorizer.header(signIn, { signal });
    try {
      return await post(query, variables, asking, authorization);
    } catch (thrown) {
      const revoked = thrown instanceof VoucherError && thrown.code === "unauthorized" && "appId" in signIn;
      if (!revoked) throw thrown;
      return post(query, variables, asking, await authorizer.header(signIn, { renew: true, signal }));
    }
  }

  return {
    async ask(query, variables, asking) {
      const { owner, signal } = asking;
      const standing = limits.get(owner);
      if (standing !== undefined && standing.until > Date.now()) throw standing;
      const attempt = async () => {
        try {
          return { answer: await once(query, variables, asking) };
        } catch (fault) {
          if (!(fault instanceof RateLimited) || fault.until - Date.now() <= LONGEST_WAIT) throw fault;
          limits.set(owner, fault);
          return { fault };
        }
      };
      const outcome = await retry(attempt, { signal, unit: backOff });
      if ("fault" in outcome) throw outcome.fault;
      return outcome.answer;
    },
    close: () => transport.close(),
  };
}

/**
 * Returns the data of an answer whose errors do not matter ({@link isTolerable}); throws what any other error means.
 */
function toleratedData(
  { errors, data, headers }: GraphqlResponseError<unknown>,
  host: string,
  purpose: Purpose,
  authorization: string | undefined,
): unknown {
  const parsed = ErrorsSchema.safeParse(errors);
  if (!parsed.success) throw unreadable(host);
  const serious = parsed.data.filter((error) => !isTolerable(error));
  if (serious.length === 0) return data;
  const clean = serious.map(({ message = "", ...error }) => ({
    ...error,
    message: withoutCredentials(message, authorization),
  }));
  const lookUp = { get: (name: string) => textOf(headers[name]) };
  throw graphqlFailure(host, clean, lookUp, purpose);
}

/**
 * What may be missing: a comparison of commits that have none, as those of unrelated histories, which are then not on the
 * branch; and the protection of the branch, which not everybody may see.
 */
const TOLERABLE: { readonly [path: string]: readonly string[] } = {
  "repository/defaultBranchRef/compare": ["NOT_FOUND", "UNPROCESSABLE"],
  "repository/defaultBranchRef/branchProtectionRule": ["NOT_FOUND", "FORBIDDEN"],
  "repository/defaultBranchRef/rules": ["NOT_FOUND", "FORBIDDEN"],
};

function isTolerable({ type = "", path = [], extensions }: AnswerError): boolean {
  return extensions?.saml_failure !== true && (TOLERABLE[path.join("/")] ?? []).includes(type);
}

function textOf(header: string | number | undefined): string | null {
  return header === undefined ? null : String(header);
}

function unreadable(host: string): VoucherError {
  return new VoucherError(
    "malformed",
    `${host} answered what GitHub's GraphQL schema does not allow, or no JSON at all; check github.endpoint`,
  );
}

function missing(host: string, owner: string): never {
  throw new VoucherError(
    "config",
    `there are no credentials for ${host}/${owner}; set the secret repositories.<alias>.token (or .username and .password, or ._app_id, ._installation_id and .private_key) for the alias whose org-url is https://${host}/${owner}`,
  );
}
