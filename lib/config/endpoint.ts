import { VoucherError } from "../errors.ts";
import { isLoopback, nameOf, parseReference } from "../image/reference.ts";

/**
 * Reads the address of a service: https, or http for loopback hosts, which is how tests and local stacks stand in for
 * Google's APIs. Returns it without a trailing slash. Throws `config`.
 */
export function parseEndpoint(text: string): string {
  const url = parseAddress(text);
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Reads the origin of a token service; a path would promise more than is compared. Throws `config`. */
export function parseOrigin(text: string): string {
  const url = parseAddress(text);
  if (url.pathname !== "/") throw refused(text, "write the origin alone, as in https://auth.example.com");
  return url.origin;
}

/** Reads `host` or `host:port`, normalised as in references. Throws `config`. */
export function parseHost(text: string): string {
  let registry: string | undefined;
  try {
    registry = parseReference(`${text}/any`).registry;
  } catch {
    registry = undefined;
  }
  if (registry !== text.toLowerCase())
    throw refused(text, "write a registry's host, as in registry.example.com:5000");
  return registry;
}

/** As {@link parseHost}, for hosts of this machine alone. Throws `config`. */
export function parseLoopbackHost(text: string): string {
  const host = parseHost(text);
  if (!isLoopback(host))
    throw refused(text, "only loopback hosts are listed here: every other host is asked over TLS anyway");
  return host;
}

/** Reads a URI that names somebody and is never fetched. Returns it as it was written, without slashes at its end. Throws `config`. */
export function parseIdentity(text: string): string {
  const url = URL.parse(text);
  if (url === null || /\s/.test(text)) throw refused(text, "write a URI, as in https://voucher.example.com");
  if (url.search !== "" || url.hash !== "") throw refused(text, "leave out the query and the fragment");
  return text.replace(/\/+$/, "");
}

/** Reads `host/path` of a repository, normalised as in references. Throws `config`. */
export function parseRepository(text: string): string {
  try {
    const reference = parseReference(text);
    if (reference.tag === undefined && reference.digest === undefined) return nameOf(reference);
  } catch {
    // Answered below, like a name with a tag or digest.
  }
  throw refused(text, "write a repository without tag and digest, as in registry.example.com/attestations");
}

function parseAddress(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol))
    throw refused(text, "write an https:// address");
  if (url.username !== "" || url.password !== "") {
    throw new VoucherError("config", "an address with a user name or password in it is not accepted");
  }
  if (url.search !== "" || url.hash !== "") throw refused(text, "leave out the query and the fragment");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw refused(text, "http:// is for loopback hosts only; write https://");
  }
  return url;
}

function refused(text: string, why: string): VoucherError {
  return new VoucherError("config", `${JSON.stringify(text.slice(0, 200))} cannot be used: ${why}`);
}
