import { VoucherError } from "../errors.ts";
import type { BasicCredentials, ServerAddress } from "./client-address.ts";

/** How a Voucher server is shown who asks: the values of `--auth`. */
const AUTH_METHODS = ["basic", "idtoken", "default-access-token"] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** Tokens of Google's that show who asks. */
export interface IdentityTokens {
  /** An ID token for `audience`, made by the credentials of this machine. */
  idToken(audience: string, signal: AbortSignal): Promise<string>;
  /** An ID token that comes with the default access token, or is made by means of it. */
  fromDefaultAccessToken(audience: string, signal: AbortSignal): Promise<string>;
}

/** The value of an `Authorization` header, where there is one. */
export type SignIn = (signal: AbortSignal) => Promise<string | undefined>;

/** Reads a value of `--auth`, in any case. Throws `usage`. */
export function parseAuthMethod(text: string): AuthMethod {
  const method = AUTH_METHODS.find((name) => name === text.toLowerCase());
  if (method !== undefined) return method;
  throw new VoucherError(
    "usage",
    `invalid auth value: ${JSON.stringify(text)}; write ${AUTH_METHODS.join(", ")}`,
  );
}

/**
 * Returns how `server` is signed in to. `basic` without both a name and a password signs in not at all, as in Voucher.
 * Throws `usage` where a secret would go out unencrypted.
 */
export function signInTo(
  server: ServerAddress,
  method: AuthMethod,
  basic: Partial<BasicCredentials>,
  tokens: IdentityTokens,
): SignIn {
  if (method === "basic") {
    const credentials = bothOf(basic) ?? server.credentials;
    if (credentials === undefined) return async () => undefined;
    requireConfidential(server, "a password");
    const encoded = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    return async () => `Basic ${encoded}`;
  }
  requireConfidential(server, "a token");
  const audience = server.base;
  const token =
    method === "idtoken"
      ? (signal: AbortSignal) => tokens.idToken(audience, signal)
      : (signal: AbortSignal) => tokens.fromDefaultAccessToken(audience, signal);
  return async (signal) => `Bearer ${await token(signal)}`;
}

function bothOf({ username = "", password = "" }: Partial<BasicCredentials>): BasicCredentials | undefined {
  return username === "" || password === "" ? undefined : { username, password };
}

function requireConfidential({ confidential, host }: ServerAddress, secret: string): void {
  if (confidential) return;
  throw new VoucherError(
    "usage",
    `${secret} is not sent to ${host} unencrypted; write its address with https://`,
  );
}
