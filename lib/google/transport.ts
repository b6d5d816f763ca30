import type { Dispatcher } from "undici";
import { VoucherError } from "../errors.ts";
import { createWays, type Proxies, proxyFault, type Ways } from "../proxy.ts";
import { abandoned } from "../retry.ts";

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

interface Opened {
  readonly ways: Ways;
  readonly request: typeof import("undici").request;
}

/** Returns a transport on connections of its own. undici is loaded by the first request, not at the start of a worker. */
export function createTransport(options: TransportOptions): Transport {
  const { timeout, largestBody, connections, proxies } = options;
  let opened: Promise<Opened> | undefined;

  async function open(): Promise<Opened> {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const undici = (await import("undici")).default;
    const settings = { connections, connect: { timeout: 10_000 }, keepAliveTimeout: 30_000 };
    return { ways: createWays(undici, settings, proxies), request: undici.request };
  }

  async function exchange({ ways, request }: Opened, asked: Request, signal: AbortSignal): Promise<Answer> {
    const { method, url, headers, body } = asked;
    const dispatcher = ways.to(new URL(url).host);
    const answer = await request(url, { dispatcher, method, headers, body: body ?? null, signal });
    const retryAfter = answer.headers["retry-after"];
    return {
      status: answer.statusCode,
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
      bytes: await readWhole(answer.body, largestBody),
    };
  }

  return {
    async send(asked, what, signal) {
      if (signal.aborted) throw abandoned(signal);
      opened ??= open();
      const connected = await opened;
      const late = AbortSignal.timeout(timeout);
      try {
        return await exchange(connected, asked, AbortSignal.any([signal, late]));
      } catch (thrown) {
        const cause = proxyFault(thrown, new URL(asked.url).host);
        if (cause instanceof VoucherError) throw cause;
        if (signal.aborted) throw abandoned(signal, cause);
        if (late.aborted) {
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
      if (opened !== undefined) await (await opened).ways.destroy();
    },
  };
}

/** Whether `error` came before the request was sent. */
export function wasNeverSent(error: unknown): boolean {
  const code = codeOf(error instanceof VoucherError ? error.cause : error);
  return code !== undefined && NEVER_SENT.has(code);
}

async function readWhole(body: Dispatcher.ResponseData["body"], largest: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > largest) {
      throw new VoucherError("limit", `an answer of one of Google's APIs is larger than ${largest} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function describe(cause: unknown): string {
  return codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
}

function codeOf(cause: unknown): string | undefined {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}
