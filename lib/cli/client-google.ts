import type { AuthClient } from "google-auth-library";
import { VoucherError } from "../errors.ts";
import type { IdentityTokens } from "./client-sign-in.ts";

const SCOPES = [
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/userinfo.email",
];
/** Nobody asks the library for a project; but where it is not given one, it looks for it, by running gcloud even. */
const NO_PROJECT = "none";
const IAM_CREDENTIALS = "https://iamcredentials.googleapis.com";
const ADVICE =
  "on a workstation run gcloud auth application-default login, elsewhere use a service account or workload identity federation";

export interface GoogleOptions {
  /** The origin of the Service Account Credentials API. */
  readonly iamCredentials?: string;
  /** Who asks: by itself, whom Application Default Credentials name. */
  readonly client?: () => Promise<AuthClient>;
}

/** Identity tokens of Google's, whose library is loaded on first use. Its functions throw `unauthorized`. */
export function googleIdentityTokens({
  iamCredentials = IAM_CREDENTIALS,
  client: find = defaultClient,
}: GoogleOptions = {}): IdentityTokens {
  return {
    async idToken(audience, signal) {
      return told(async () => {
        const client = await find();
        return makesIdTokens(client) ? await client.fetchIdToken(audience) : undefined;
      }, signal);
    },
    async fromDefaultAccessToken(audience, signal) {
      return told(async () => {
        const client = await find();
        await client.getAccessToken();
        const { id_token: own } = client.credentials;
        if (own) return own;
        if (makesIdTokens(client)) return await client.fetchIdToken(audience);
        const account = impersonatedBy(client);
        if (account === undefined) return undefined;
        const { data } = await client.request<{ readonly token?: string }>({
          url: `${iamCredentials}/v1/projects/-/serviceAccounts/${account}:generateIdToken`,
          method: "POST",
          data: { audience, includeEmail: true },
        });
        return data.token;
      }, signal);
    },
  };
}

async function defaultClient(): Promise<AuthClient> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const { GoogleAuth } = (await import("google-auth-library")).default;
  return await new GoogleAuth({ scopes: SCOPES, projectId: NO_PROJECT }).getClient();
}

type IdTokenMaker = { fetchIdToken(audience: string): Promise<string | undefined> };

/** Service accounts and people can have one made; federated identities cannot. */
function makesIdTokens(client: object): client is IdTokenMaker {
  return "fetchIdToken" in client;
}

/** The service account that a federated identity stands for, where it stands for one. */
function impersonatedBy(client: object): string | undefined {
  if (!("getServiceAccountEmail" in client) || typeof client.getServiceAccountEmail !== "function")
    return undefined;
  const email: unknown = client.getServiceAccountEmail();
  return typeof email === "string" ? email : undefined;
}

/** What the library says may quote what it asked with, so only its status is told. */
async function told(ask: () => Promise<string | undefined>, signal: AbortSignal): Promise<string> {
  let token: string | undefined;
  try {
    token = await until(ask(), signal);
  } catch (cause) {
    if (signal.aborted) throw cause;
    const status = statusOf(cause);
    const none = cause instanceof Error && /could not load the default credentials/i.test(cause.message);
    const why = none ? "no Google credentials were found" : `Google gave no identity token${status}`;
    throw new VoucherError("unauthorized", `${why}; ${ADVICE}`, { cause });
  }
  if (token) return token;
  throw new VoucherError("unauthorized", `these Google credentials give no identity token; ${ADVICE}`);
}

function statusOf(cause: unknown): string {
  const status = typeof cause === "object" && cause !== null && "status" in cause ? cause.status : undefined;
  return typeof status === "number" ? ` (HTTP ${status})` : "";
}

/** The library takes no signal: whoever gives up need not wait for it. */
function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
