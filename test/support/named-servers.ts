import { buildConnector } from "undici";
import type { Connect } from "../../lib/registry/connector.ts";

/** A server of a test on loopback, and the certificate that it shows, where it speaks TLS. */
export interface NamedServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly cert?: string;
}

/** Opens connections to the servers of a test by names that only this test knows. Other names are unknown hosts. */
export function connectTo(servers: { readonly [hostname: string]: NamedServer }): Connect {
  return (options, callback) => {
    const server = Object.hasOwn(servers, options.hostname) ? servers[options.hostname] : undefined;
    if (server === undefined) {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${options.hostname}`), {
        code: "ENOTFOUND",
      });
      queueMicrotask(() => callback(error, null));
      return;
    }
    const connect = buildConnector({
      allowH2: false,
      ...(server.cert === undefined ? {} : { ca: server.cert }),
    });
    const [hostname = "", port = ""] = server.host.split(":");
    connect({ ...options, hostname, port, servername: options.hostname }, callback);
  };
}
