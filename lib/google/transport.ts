import { VoucherError } from "../errors.ts";
import { createWays, type Proxies, proxyFault, type Ways } from "../proxy.ts";
import { abandoned } from "../retry.ts";
import { exchange, type Received, TooLate } from "../wire.ts";

/** One HTTP request, whole: its body is JSON text. */
export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
}

/** One HTTP answer, whole. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly bytes: Uint8Array;
}

/** Sends requests, each once. */
export interface Transport {
  /** Throws `network`, `timeout`, `limit` or what {@link abandoned} says; `what` names the other side in its message. */
  send(request: Request, what: string, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** For one request and its answer, in milliseconds. */
  readonly timeout: number;
  /** The largest body read, in bytes. */
  readonly largestBody: number;
  /** Connections at once. */
  readonly connections: number;
  readonly proxies: Proxies | undefined;
}

/** Failures that come before a request was sent, so that it certainly had no effect. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Returns a transport on connections of its own. undici is loaded by the first request, not at the start of a worker. */
export function createTransport(options: TransportOptions): Transport {
  const { timeout, largestBody, connections, proxies } = options;
  let opened: Promise<Ways> | undefined;

  async function open(): Promise<Ways> {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const undici = (await import("undici")).default;
    const settings = { connections, connect: { timeout: 10_000 }, keepAliveTimeout: 30_000 };
    return createWays(undici, settings, proxies);
  }

  function toAnswer({ status, headers, bytes }: Received): Answer {
    if (bytes === undefined) {
      const message = `an answer of one of Google's APIs is larger than ${largestBody} bytes`;
      throw new VoucherError("limit", message);
    }
    const retryAfter = headers["retry-after"];
    return { status, retryAfter: typeof retryAfter === "string" ? retryAfter : undefined, bytes };
  }

  return {
    async send(asked, what, signal) {
      if (signal.aborted) throw abandoned(signal);
      opened ??= open();
      const ways = await opened;
      const { method, headers, body = null } = asked;
      const { origin, host, pathname, search } = new URL(asked.url);
      const request = { origin, path: `${pathname}${search}`, method, headers, body };
      try {
        return toAnswer(await exchange(ways.to(host), request, { signal, timeout, most: () => largestBody }));
      } catch (thrown) {
        const cause = proxyFault(thrown, host);
        if (cause instanceof VoucherError) throw cause;
        if (signal.aborted) throw abandoned(signal, cause);
        if (cause instanceof TooLate) {
          throw new VoucherError("timeout", `${what} did not answer within ${timeout / 1000} s`, {
            retryable: true,
            cause,
          });
        }
        throw new VoucherError("network", `${what} could not be reached, or broke off: ${describe(cause)}`, {
          retryable: true,
          cause,
        });
      }
    },
    async close() {
      await (await opened)?.destroy();
    },
  };
}

/** Whether `error` came before the request was sent. */
export function wasNeverSent(error: unknown): boolean {
  const code = codeOf(error instanceof VoucherError ? error.cause : error);
  return code !== undefined && NEVER_SENT.has(code);
}

function describe(cause: unknown): string {
  return codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

function codeOf(cause: unknown): string | undefined {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}
