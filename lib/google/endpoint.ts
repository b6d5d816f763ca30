import { VoucherError } from "../errors.ts";
import { isLoopback } from "../image/reference.ts";

/** Where one of Google's APIs is asked, or what stands in for it. */
export interface Endpoint {
  /** Origin and path, without a slash at the end. */
  readonly base: string;
  /** Plain http on this machine: a local stack, which is called without credentials. */
  readonly local: boolean;
}

/**
 * Reads the setting `setting`. Throws `config` for anything but an https URL, or an http URL of a loopback host: a token
 * must never leave this machine in the clear.
 */
export function parseEndpoint(text: string, setting: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw unusable(setting, text, "is no https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw new VoucherError(
      "config",
      `${setting} must not hold a user name or password; Google's APIs take neither`,
    );
  }
  if (url.search !== "" || url.hash !== "")
    throw unusable(setting, text, "must end before the question mark or hash");
  const local = url.protocol === "http:";
  if (local && !isLoopback(url.host)) {
    throw unusable(setting, text, "is plain http, which is for this machine only; write https://");
  }
  return { base: `${url.origin}${url.pathname}`.replace(/\/+$/, ""), local };
}

function unusable(setting: string, text: string, why: string): VoucherError {
  return new VoucherError("config", `${setting} ${JSON.stringify(text.slice(0, 200))} ${why}`);
}
