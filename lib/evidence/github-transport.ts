import type { Dispatcher } from "undici";
import { VoucherError } from "../errors.ts";
import { createWays, type Proxies, proxyFault, type Ways } from "../proxy.ts";
import { discard, readAtMost } from "../registry/body.ts";
import { withoutCredentials } from "../registry/redaction.ts";
import { abandoned } from "../retry.ts";
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

interface Opened {
  readonly ways: Ways;
  readonly request: typeof import("undici").request;
}

/** Returns a transport on connections of its own. undici is loaded by the first request. */
export function createGitHubTransport(options: TransportOptions): GitHubTransport {
  const { host, timeout, largestBody, proxies, onRequest } = options;
  let opened: Promise<Opened> | undefined;

  async function open(): Promise<Opened> {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const undici = (await import("undici")).default;
    const settings = { connections: 8, connect: { timeout: 10_000 }, keepAliveTimeout: 30_000 };
    return { ways: createWays(undici, settings, proxies), request: undici.request };
  }

  async function exchange(url: string, init: FetchInit, signal: AbortSignal, purpose: Purpose) {
    opened ??= open();
    const { ways, request } = await opened;
    onRequest?.();
    const answer = await request(url, {
      dispatcher: ways.to(new URL(url).host),
      method: init.method === "POST" ? "POST" : "GET",
      headers: { ...init.headers, "user-agent": "voucher", "accept-encoding": "identity" },
      body: init.body ?? null,
      signal,
    });
    const headers = toHeaders(answer.headers);
    const status = answer.statusCode;
    if (status === 200 || status === 201) {
      return new Response(await readWhole(answer, headers), { status, headers });
    }
    const bytes = await readAtMost(answer.body, LONGEST_ERROR, headers.get("content-length") ?? undefined);
    const body = withoutCredentials(
      new TextDecoder().decode(bytes ?? new Uint8Array()),
      init.headers["authorization"],
    );
    throw httpFailure(host, { status, headers, body }, purpose);
  }

  async function readWhole(
    { body }: Dispatcher.ResponseData,
    headers: Headers,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const encoding = headers.get("content-encoding") ?? "identity";
    if (encoding.toLowerCase() !== "identity") {
      discard(body);
      throw new VoucherError("unsupported", `${host} sent a compressed answer, though none was accepted`);
    }
    const bytes = await readAtMost(body, largestBody, headers.get("content-length") ?? undefined);
    if (bytes === undefined) {
      throw new VoucherError("limit", `an answer of ${host} is larger than ${largestBody} bytes`);
    }
    return new Uint8Array(bytes);
  }

  return {
    fetchFor: (purpose) => async (url, init) => {
      const late = AbortSignal.timeout(timeout);
      const signal = init.signal === undefined ? late : AbortSignal.any([init.signal, late]);
      try {
        return await exchange(url, init, signal, purpose);
      } catch (caught) {
        const thrown = proxyFault(caught, new URL(url).host);
        if (thrown instanceof VoucherError) throw thrown;
        if (init.signal?.aborted) throw abandoned(init.signal);
        if (late.aborted) {
          throw new VoucherError("timeout", `${host} did not answer within ${timeout / 1000} s`, {
            retryable: true,
          });
        }
        // Not as its cause: undici's errors hold what was received, and that may hold what was sent.
        throw broken(host, thrown);
      }
    },
    async close() {
      if (opened !== undefined) await (await opened).ways.destroy();
    },
  };
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
function toHeaders(received: Dispatcher.ResponseData["headers"]): Headers {
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
