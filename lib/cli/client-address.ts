import { VoucherError } from "../errors.ts";
import { isLoopback } from "../image/reference.ts";

/** A name and its password, for HTTP's Basic scheme. */
export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

/** A Voucher server, and who its address says is asking. */
export interface ServerAddress {
  /** Without credentials, query or a slash at its end: it may be printed. */
  readonly base: string;
  /** `host:port`. */
  readonly host: string;
  /** Whether secrets are safe on the way: https, or this very machine. */
  readonly confidential: boolean;
  readonly credentials?: BasicCredentials;
}

/** Reads a server's address; `https://` where no scheme is written, as Voucher's client does. Throws `usage`. */
export function parseServerAddress(text: string): ServerAddress {
  if (text.trim() === "")
    throw new VoucherError("usage", "cannot create client with empty hostname; name a Voucher server");
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw unusable(text, "it is written https://HOST, perhaps with a port and a path");
  }
  if (url.search !== "" || url.hash !== "") throw unusable(text, "it has no query and no fragment");
  const { username, password, host, origin, pathname } = url;
  const credentials = { username: decoded(username), password: decoded(password) };
  return {
    base: `${origin}${pathname.replace(/\/+$/, "")}`,
    host,
    confidential: url.protocol === "https:" || isLoopback(host),
    ...(username === "" && password === "" ? {} : { credentials }),
  };
}

/** Where a check or group is asked for. Throws `usage` for a name that would lead elsewhere. */
export function questionUrl({ base }: ServerAddress, check: string, verb: "check" | "verify"): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(check)) {
    throw new VoucherError("usage", `${JSON.stringify(check)} is no name of a check or group`);
  }
  return `${base}/${check}${verb === "verify" ? "/verify" : ""}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address may hold a password, so it is not repeated whole. */
function unusable(text: string, why: string): VoucherError {
  const shown = JSON.stringify(text.replace(/^(.*\/\/)?[^/]*@/, "$1").slice(0, 200));
  return new VoucherError("usage", `can't use ${shown} as the address of a Voucher server: ${why}`);
}
