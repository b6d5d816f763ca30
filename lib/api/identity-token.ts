import type { OAuth2Client } from "google-auth-library";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { SignIn } from "./sign-in.ts";

export interface IdentityTokenSettings {
  /** What the tokens have to be made out to. */
  readonly audience: string;
  readonly allowedEmails: readonly string[];
  /** Where the certificates are that Google signs with; Google's own address by default. */
  readonly certificates?: string;
}

type Client = Pick<OAuth2Client, "getFederatedSignonCertsAsync" | "verifySignedJwtWithCertsAsync">;
type Certificates = Parameters<Client["verifySignedJwtWithCertsAsync"]>[1];

const ISSUERS = ["accounts.google.com", "https://accounts.google.com"];
const TOKEN = /^bearer +([\w-]+\.[\w-]+\.[\w-]+) *$/i;

/**
 * Signs in by an identity token of Google's (OpenID Connect Core, section 3.1.3.7): its signature, issuer, audience, time and a
 * verified e-mail address that is allowed. The library is loaded on first use, and keeps the certificates as long as
 * Google says.
 */
export function identityTokenSignIn(settings: IdentityTokenSettings): SignIn {
  const allowed = new Set(settings.allowedEmails.map((email) => email.toLowerCase()));
  let client: Promise<Client> | undefined;
  return {
    challenge: 'Bearer realm="voucher"',
    refusal: "the identity token is missing, or is not accepted here",
    async admits(authorization) {
      const token = TOKEN.exec(authorization ?? "")?.[1];
      if (token === undefined) return false;
      client ??= createClient(settings);
      const google = await client;
      const certificates = await certificatesOf(google);
      const claims = await claimsOf(token, settings.audience, google, certificates);
      if (claims?.email === undefined || claims.email_verified !== true) return false;
      return allowed.has(claims.email.toLowerCase());
    },
  };
}

async function createClient({ certificates }: IdentityTokenSettings): Promise<Client> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const { OAuth2Client: Library } = (await import("google-auth-library")).default;
  return new Library(
    certificates === undefined ? {} : { endpoints: { oauth2FederatedSignonPemCertsUrl: certificates } },
  );
}

async function certificatesOf(google: Client): Promise<Certificates> {
  try {
    return (await google.getFederatedSignonCertsAsync()).certs;
  } catch (cause) {
    // Asked for without the token, so this says nothing of it.
    const why = asVoucherError(cause).message.slice(0, 300);
    const message = `the certificates that identity tokens are checked by could not be fetched: ${why}`;
    throw new VoucherError("unavailable", message, { retryable: true, cause });
  }
}

/** Nothing of the library's errors is kept: they repeat the token. */
async function claimsOf(token: string, audience: string, google: Client, certificates: Certificates) {
  try {
    const ticket = await google.verifySignedJwtWithCertsAsync(token, certificates, audience, ISSUERS);
    return ticket.getPayload();
  } catch {
    return undefined;
  }
}
