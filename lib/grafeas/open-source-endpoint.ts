import { VoucherError } from "../errors.ts";
import type { Endpoint } from "../google/endpoint.ts";

/**
 * Where `grafeasos.hostname` and `grafeasos.version`, as Voucher knows them, say that a server is: it may be plain http
 * anywhere, since no credentials are sent. Throws `config` for what is no URL, and for a version other than v1beta1.
 */
export function openSourceEndpoint(hostname: string, version = "v1beta1"): Endpoint {
  const spoken = version.replace(/^\/+|\/+$/g, "");
  if (spoken !== "" && spoken !== "v1beta1") {
    throw new VoucherError(
      "config",
      `grafeasos.version ${quote(version)} is not spoken; the open-source server has v1beta1`,
    );
  }
  const url = URL.parse(hostname);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new VoucherError(
      "config",
      `grafeasos.hostname ${quote(hostname)} is no URL; write http://host:port or https://host`,
    );
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new VoucherError(
      "config",
      "grafeasos.hostname must hold neither a user name or password nor anything behind the path",
    );
  }
  return { base: `${url.origin}${url.pathname}`.replace(/\/+$/, ""), local: true };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
