import { VoucherError } from "../errors.ts";
import { createWays, type Proxies, proxyFault, type Ways } from "../proxy.ts";
import { withoutCredentials } from "../registry/redaction.ts";
import { abandoned } from "../retry.ts";
import { exchange, type Received, TooLate } from "../wire.ts";
import { httpFailure, type Purpose } from "./github-failure.ts";

/** What octokit asks of a `fetch`. */
export interface FetchInit {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** Carries octokit's requests, each once. */
export interface GitHubTransport {
  /**
   * Returns a `fetch` that throws a VoucherError for every answer but 200 and 201, and none that ever holds what was sent
   * to sign in.
   */
  fetchFor(purpose: Purpose): Fetch;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** The host's name in errors. */
  readonly host: string;
  /** For one request and its answer, in milliseconds. */
  readonly timeout: number;
  /** The largest body read, in bytes. */
  readonly largestBody: number;
  /** Told of each request that is sent. */
  readonly onRequest?: (() => void) | undefined;
  readonly proxies: Proxies | undefined;
}

/** The longest body of an error answer that is read, in bytes. */
const LONGEST_ERROR = 64 * 1024;

/** Returns a transport on connections of its own. undici is loaded by the first request. */
export function createGitHubTransport(options: TransportOptions): GitHubTransport {
  const { host, timeout, largestBody, proxies, onRequest } = options;
  let opened: Promise<Ways> | undefined;

  async function open(): Promise<Ways> {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const undici = (await import("undici")).default;
    const settings = { connections: 8, connect: { timeout: 10_000 }, keepAliveTimeout: 30_000 };
    return createWays(undici, settings, proxies);
  }

  async function ask(url: string, init: FetchInit, signal: AbortSignal, purpose: Purpose): Promise<Response> {
    opened ??= open();
    const ways = await opened;
    onRequest?.();
    const { origin, host: asked, pathname, search } = new URL(url);
    const request = {
      origin,
      path: `${pathname}${search}`,
      method: init.method === "POST" ? "POST" : "GET",
      headers: { ...init.headers, "user-agent": "voucher", "accept-encoding": "identity" },
      body: init.body ?? null,
    };
    const received = await exchange(ways.to(asked), request, { signal, timeout, most });
    const { status, bytes } = received;
    const headers = toHeaders(received.headers);
    if (isSuccess(status)) return new Response(whole(bytes), { status, headers });
    const body = withoutCredentials(
      new TextDecoder().decode(bytes ?? new Uint8Array()),
      init.headers["authorization"],
    );
    throw httpFailure(host, { status, headers, body }, purpose);
  }

  function most(status: number, headers: Received["headers"]): number {
    if (!isSuccess(status)) return LONGEST_ERROR;
    if (String(headers["content-encoding"] ?? "identity").toLowerCase() === "identity") return largestBody;
    throw new VoucherError("unsupported", `${host} sent a compressed answer, though none was accepted`);
  }

  function whole(bytes: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
    if (bytes !== undefined) return new Uint8Array(bytes);
    throw new VoucherError("limit", `an answer of ${host} is larger than ${largestBody} bytes`);
  }

  return {
    fetchFor: (purpose) => async (url, init) => {
      const signal = init.signal ?? NEVER;
      try {
        return await ask(url, init, signal, purpose);
      } catch (caught) {
        const thrown = proxyFault(caught, new URL(url).host);
        if (thrown instanceof VoucherError) throw thrown;
        if (signal.aborted) throw abandoned(signal);
        if (thrown instanceof TooLate) {
          throw new VoucherError("timeout", `${host} did not answer within ${timeout / 1000} s`, {
            retryable: true,
          });
        }
        // Not as its cause: undici's errors hold what was received, and that may hold what was sent.
        throw broken(host, thrown);
      }
    },
    async close() {
      if (opened !== undefined) await (await opened).destroy();
    },
  };
}

/** Of a request that nobody can give up. */
const NEVER = new AbortController().signal;

function isSuccess(status: number): boolean {
  return status === 200 || status === 201;
}

const NEEDED = [
  "content-type",
  "content-length",
  "content-encoding",
  "retry-after",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];

/** Without the others: octokit prints what some of them say. */
function toHeaders(received: Received["headers"]): Headers {
  const known = NEEDED.flatMap((name) => {
    const value = received[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  return new Headers(known.map(([name, value]) => [name, value]));
}

const CERTIFICATE = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

function broken(host: string, thrown: unknown): VoucherError {
  const given = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  const code = typeof given === "string" ? given : "no reason given";
  return CERTIFICATE.test(code)
    ? new VoucherError(
        "network",
        `the certificate of ${host} is not trusted (${code}); for a private certificate authority set NODE_EXTRA_CA_CERTS`,
      )
    : new VoucherError("network", `${host} could not be reached, or broke off (${code})`, {
        retryable: true,
      });
}
