import { VoucherError } from "../errors.ts";
import { isPublicAddress, literalAddress, type Reach } from "./address.ts";
import { redact } from "./failure.ts";

/** Where tokens for a registry are asked for. */
export interface Realm {
  readonly url: URL;
  readonly reach: Reach;
}

/**
 * Returns the realm that the registry at `api` names. It must be https, and lead to public addresses only, unless it has
 * the registry's own origin or one of `trusted`: a registry must not send our credentials, or our requests, to wherever
 * it likes. Throws `refused`. (Names are held to it when they are resolved: see address.ts.)
 */
export function realmOf(realm: string, api: URL, trusted: readonly string[]): Realm {
  const url = URL.parse(realm);
  if (url === null) throw refused(api, "a text that is no URL", "");
  if (url.username !== "" || url.password !== "") throw refused(api, redact(url), ", with credentials in it");
  if (url.origin === api.origin || trusted.includes(url.origin)) return { url, reach: "anywhere" };
  if (url.protocol !== "https:") throw refused(api, redact(url), ", which is not https");
  const literal = literalAddress(url.hostname);
  if (literal !== undefined && !isPublicAddress(literal))
    throw refused(api, redact(url), ", which is no public address");
  return { url, reach: "public" };
}

function refused(api: URL, realm: string, why: string): VoucherError {
  const hint = "if you trust it, list its origin in registry.trusted_realms";
  return new VoucherError("refused", `${api.host} wants tokens to be asked for at ${realm}${why}; ${hint}`);
}
