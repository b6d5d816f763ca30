import type { InstallationAuthOptions } from "@octokit/auth-app";
import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { untilAborted } from "../retry.ts";
import type { GitHubEndpoint } from "./github-endpoint.ts";
import type { Purpose } from "./github-failure.ts";
import type { Fetch, GitHubTransport } from "./github-transport.ts";

/** How Voucher is to show GitHub who it is: the secrets `repositories.<alias>.…`. */
export type GitHubSignIn = TokenSignIn | PasswordSignIn | AppSignIn;
export interface TokenSignIn {
  readonly token: string;
}
export interface PasswordSignIn {
  readonly username: string;
  readonly password: string;
}
export interface AppSignIn {
  readonly appId: string | number;
  readonly installationId: string | number;
  /** PEM, PKCS#1 or PKCS#8. */
  readonly privateKey: string;
}

/** Turns a sign-in into what is sent. */
export interface Authorizer {
  /**
   * Returns the `Authorization` header; for an app with an installation token, which is kept until shortly before it
   * expires, or with `renew` until now. Throws `config` for secrets that cannot be used, else what GitHub's refusal means.
   */
  header(
    signIn: GitHubSignIn,
    options: { readonly renew?: boolean; readonly signal: AbortSignal },
  ): Promise<string>;
}

type InstallationAuth = (options: InstallationAuthOptions) => Promise<{ readonly token: string }>;

const TokenSchema = z.object({ token: z.string() });
/** What may stand in a header; a secret that was cut from a file often has a line break at its end, which may not. */
const SENDABLE = /^[\x21-\x7e]+$/;

export function createAuthorizer(endpoint: GitHubEndpoint, transport: GitHubTransport): Authorizer {
  const apps = new Map<string, Promise<InstallationAuth>>();

  function authOf(signIn: AppSignIn): Promise<InstallationAuth> {
    const { appId, installationId, privateKey } = signIn;
    const key = JSON.stringify([appId, installationId, privateKey]);
    const known = apps.get(key) ?? load(signIn, endpoint, transport.fetchFor(purposeOf(signIn)));
    apps.set(key, known);
    return known;
  }

  async function installationToken(signIn: AppSignIn, renew: boolean): Promise<string> {
    try {
      const auth = await authOf(signIn);
      // Not under a caller's signal: the library lets several callers wait for one token.
      return (await auth({ type: "installation", refresh: renew })).token;
    } catch (thrown) {
      const known = voucherErrorIn(thrown);
      if (known !== undefined) throw known;
      // Not as its cause: who knows what a library says about a key.
      throw new VoucherError(
        "config",
        `the secrets of ${nameOf(signIn)} cannot be used; set repositories.<alias>._app_id, ._installation_id, and .private_key, the PEM file that GitHub made for the app`,
      );
    }
  }

  return {
    async header(signIn, { renew = false, signal }) {
      if ("token" in signIn) return `bearer ${sendable(signIn.token, "token")}`;
      if ("appId" in signIn) return `bearer ${await untilAborted(installationToken(signIn, renew), signal)}`;
      const { username, password } = signIn;
      return `Basic ${Buffer.from(`${username}:${password.trim()}`).toString("base64")}`;
    },
  };
}

async function load(signIn: AppSignIn, endpoint: GitHubEndpoint, fetch: Fetch): Promise<InstallationAuth> {
  const { appId, installationId, privateKey } = signIn;
  const [{ createAppAuth }, { request }] = await Promise.all([
    import("@octokit/auth-app"),
    import("@octokit/request"),
  ]);
  const checked: Fetch = async (url, init) => {
    const answer = await fetch(url, init);
    await requireToken(answer.clone(), endpoint.host);
    return answer;
  };
  return createAppAuth({
    appId,
    installationId,
    privateKey,
    request: request.defaults({ baseUrl: endpoint.rest, request: { fetch: checked } }),
    log: { warn: () => {} },
  });
}

/** The library keeps whatever it gets for an hour. */
async function requireToken(answer: Response, host: string): Promise<void> {
  const document: unknown = await answer.json().catch(() => undefined);
  const parsed = TokenSchema.safeParse(document);
  if (parsed.success && SENDABLE.test(parsed.data.token)) return;
  throw new VoucherError("malformed", `${host} answered no token for a GitHub App; check github.endpoint`);
}

function sendable(secret: string, name: string): string {
  const trimmed = secret.trim();
  if (SENDABLE.test(trimmed)) return trimmed;
  throw new VoucherError(
    "config",
    `the secret repositories.<alias>.${name} holds what no ${name} of GitHub's holds; set it again`,
  );
}

function nameOf({ appId, installationId }: AppSignIn): string {
  return `GitHub App ${appId} (installation ${installationId})`;
}

function purposeOf(signIn: AppSignIn): Purpose {
  const secrets = "the secrets repositories.<alias>._app_id, _installation_id and private_key";
  return {
    action: `sign in ${nameOf(signIn)}`,
    advice: {
      unauthorized: `check ${secrets}, and this machine's clock`,
      forbidden: `check that the installation is not suspended, and ${secrets}`,
      notFound: `check that the app is installed there, and ${secrets}`,
    },
  };
}

/** octokit wraps what its transport throws. */
export function voucherErrorIn(thrown: unknown): VoucherError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof VoucherError) return error;
  }
  return undefined;
}
