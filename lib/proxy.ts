import type { Agent, buildConnector, Dispatcher } from "undici";
import { VoucherError } from "./errors.ts";
import { isLoopback } from "./image/reference.ts";

type Undici = typeof import("undici");

/** The proxies that the operator named; an empty text where there is none. */
export interface Proxies {
  /** For https; without it, that for http. */
  readonly https: string;
  readonly http: string;
  /** Hosts that are asked without a proxy, as `NO_PROXY` lists them. */
  readonly except: string;
}

/** What requests go out by. */
export interface Ways {
  /** What leads to `host`, which may have a port: a proxy, or straight there. */
  to(host: string): Dispatcher;
  /** Ends every connection. */
  destroy(): Promise<void>;
}

/**
 * The proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; of each, the name in small letters counts before that in
 * capitals. Undefined where none is named. Throws `config` for what is no http address, without repeating it: it may hold
 * a password.
 */
export function proxiesIn(env: { readonly [name: string]: string | undefined }): Proxies | undefined {
  const of = (name: string) => env[name.toLowerCase()] || env[name] || "";
  const [https, http] = [
    addressIn(of("HTTPS_PROXY"), "HTTPS_PROXY"),
    addressIn(of("HTTP_PROXY"), "HTTP_PROXY"),
  ];
  return https === "" && http === "" ? undefined : { https, http, except: of("NO_PROXY") };
}

/** As curl reads it: a host and port alone mean http. */
function addressIn(text: string, variable: string): string {
  if (text === "") return "";
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "") return url.href;
  throw new VoucherError("config", `${variable} is no address of a proxy; write http://HOST:PORT`);
}

/**
 * Opens the ways of one client, each with `settings`. Loopback hosts are never asked through a proxy, whatever `NO_PROXY`
 * says. A proxy resolves names itself: `settings.connect` has no say in where it leads.
 */
export function createWays(undici: Undici, settings: Agent.Options, proxies: Proxies | undefined): Ways {
  const straight = new undici.Agent(settings);
  if (proxies === undefined) return { to: () => straight, destroy: () => straight.destroy() };
  const open = opener(undici, proxies);
  const routed = new undici.EnvHttpProxyAgent({
    ...settings,
    httpsProxy: proxies.https,
    httpProxy: proxies.http,
    noProxy: proxies.except,
    factory: open,
    clientFactory: open,
  });
  return {
    to: (host) => (isLoopback(host) ? straight : routed),
    async destroy() {
      await Promise.all([straight.destroy(), routed.destroy()]);
    },
  };
}

/** Opens a pool of connections; a fault of one to a proxy says so, since it is no fault of the host that was asked for. */
function opener({ Pool }: Undici, { https, http }: Proxies) {
  const origins = [https, http].flatMap((proxy) => (proxy === "" ? [] : [new URL(proxy).origin]));
  return (origin: string | URL, options: Agent.Options): Dispatcher => {
    const at = new URL(origin).origin;
    const { connect } = options;
    if (typeof connect !== "function" || !origins.includes(at)) return new Pool(at, options);
    const naming: buildConnector.connector = (to, callback) =>
      connect(to, (...[error, socket]) =>
        error === null ? callback(null, socket) : callback(unreachable(at, error), null),
      );
    return new Pool(at, { ...options, connect: naming });
  };
}

function unreachable(proxy: string, cause: Error): VoucherError {
  const why = "code" in cause ? String(cause.code) : cause.name;
  const message = `the proxy ${proxy} cannot be reached (${why}); HTTPS_PROXY or HTTP_PROXY names it`;
  return new VoucherError("network", message, { retryable: true, cause });
}

/** What the refusal of a proxy to lead to `host` means; every other fault as it is. */
export function proxyFault(thrown: unknown, host: string): unknown {
  const [, status = ""] =
    /^Proxy response \((\d+)\) !== 200/.exec(thrown instanceof Error ? thrown.message : "") ?? [];
  if (status === "") return thrown;
  if (status === "407") {
    const advice = "write user name and password into its address in HTTPS_PROXY";
    return new VoucherError("unauthorized", `the proxy wants a sign-in for ${host} (407); ${advice}`);
  }
  if (status.startsWith("5")) {
    const options = { retryable: true, cause: thrown };
    return new VoucherError("network", `the proxy found no way to ${host} (${status})`, options);
  }
  const advice = "have it allowed there, or name the host in NO_PROXY";
  return new VoucherError("refused", `the proxy does not lead to ${host} (${status}); ${advice}`);
}
