import { VoucherError } from "../errors.ts";
import { basicSignIn } from "./basic.ts";
import { identityTokenSignIn } from "./identity-token.ts";
import type { SignIn } from "./sign-in.ts";

/** The part of `[server]` that says who may ask. */
export interface SignInSettings {
  readonly auth: "basic" | "oidc";
  readonly requireAuth: boolean;
  readonly username?: string;
  /** A bcrypt hash. */
  readonly password?: string;
  readonly audience?: string;
  readonly allowedEmails: readonly string[];
}

/**
 * The sign-in that is configured; `undefined` where everybody may ask. `auth = "oidc"` always asks for a token, since
 * nobody writes it to let everybody in. Throws `config` where something is missing, so that nothing is served half open.
 */
export function signInOf({ auth, requireAuth, ...settings }: SignInSettings): SignIn | undefined {
  const { username, password, audience, allowedEmails } = settings;
  if (auth === "oidc") {
    if (audience === undefined || allowedEmails.length === 0) {
      const message = 'server.auth = "oidc" needs server.audience and server.allowed_emails';
      throw new VoucherError("config", `${message}: what tokens are made out to, and who may ask`);
    }
    return identityTokenSignIn({ audience, allowedEmails });
  }
  if (!requireAuth) return undefined;
  if (username === undefined || password === undefined) {
    const message = "server.require_auth = true needs server.username and server.password";
    throw new VoucherError("config", `${message}, a bcrypt hash; set both, or server.auth = "oidc"`);
  }
  return basicSignIn({ username, passwordHash: password });
}
