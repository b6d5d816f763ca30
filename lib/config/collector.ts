import { VoucherError } from "../errors.ts";

/** Where a statsd server listens. */
export interface StatsdAddress {
  readonly host: string;
  readonly port: number;
}

/** Where an OpenTelemetry collector is, and how it is spoken to. */
export interface CollectorAddress {
  readonly protocol: "grpc" | "http";
  /** `http://` or `https://`, without a slash at its end. */
  readonly url: string;
}

const STATSD_PORT = 8125;

/** Reads `host:port` or `host`, an IPv6 address in brackets. Throws `config`. */
export function parseStatsdAddress(text: string): StatsdAddress {
  if (text.startsWith("unix:")) throw refused(text, "statsd is sent over UDP; write its host and port");
  const url = URL.parse(`udp://${text}`);
  const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (url === null || host === "" || !["", "/"].includes(url.pathname) || url.username !== "" || url.search) {
    throw refused(text, "write a host and a port, as in localhost:8125");
  }
  return { host, port: url.port === "" ? STATSD_PORT : Number(url.port) };
}

/**
 * Reads the address of a collector as Voucher does: `grpc://`, over TLS unless it is `insecure`, `https://`, which `insecure`
 * makes plain, or `http://`. Throws `config`.
 */
export function parseCollector(text: string, insecure: boolean): CollectorAddress {
  const url = URL.parse(text);
  if (url === null || !["grpc:", "http:", "https:"].includes(url.protocol) || url.host === "") {
    throw refused(text, "write a grpc://, http:// or https:// address, as in grpc://localhost:4317");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new VoucherError(
      "config",
      "an address with a user name, password, query or fragment is not accepted",
    );
  }
  const scheme = insecure || url.protocol === "http:" ? "http" : "https";
  if (url.protocol !== "grpc:") {
    return { protocol: "http", url: `${scheme}://${url.host}${url.pathname.replace(/\/+$/, "")}` };
  }
  if (!["", "/"].includes(url.pathname)) throw refused(text, "gRPC knows no path; leave it out");
  return { protocol: "grpc", url: `${scheme}://${url.host}` };
}

function refused(text: string, why: string): VoucherError {
  return new VoucherError("config", `${JSON.stringify(text.slice(0, 200))} cannot be used: ${why}`);
}
