import { VoucherError } from "../errors.ts";
import type { Proxies } from "../proxy.ts";
import { type Pace, parseRetryAfter, RetryLater, retry } from "../retry.ts";
import type { Credentials } from "./credentials.ts";
import type { Endpoint } from "./endpoint.ts";
import { GoogleError, type Purpose, toGoogleError } from "./google-error.ts";
import { type Answer, createTransport, type Request, type Transport, wasNeverSent } from "./transport.ts";

/**
 * After which passing failures a call is repeated. `always`: any, for a call that done twice is the same as done once.
 * `if-refused`: only where the failure says that nothing was done, for a create; after any other its caller has to look
 * what became of it, and even so the repetition may meet, as a conflict, what the call itself had made. `never`: the
 * caller repeats it itself.
 */
export type Repeat = "always" | "if-refused" | "never";

/** One call of a REST API. */
export interface Call {
  readonly purpose: Purpose;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the endpoint, with its slash and already encoded: `/v1/projects/p/occurrences`. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  /** Is sent as JSON. */
  readonly body?: unknown;
  readonly repeat: Repeat;
}

/** Calls one of Google's REST APIs. */
export interface Rest {
  /**
   * Returns the answer's JSON, still to be parsed; an empty answer is `{}`. Throws a {@link GoogleError} for an answer
   * that is no success, `network` or `timeout` where there was none, `limit` for one that is too large.
   */
  call(call: Call, signal: AbortSignal): Promise<unknown>;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface RestOptions {
  readonly endpoint: Endpoint;
  /** Not asked for where the endpoint is local. */
  readonly credentials: Credentials;
  readonly proxies?: Proxies | undefined;
  /** For one try, in milliseconds. */
  readonly timeout?: number;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff?: number;
  readonly largestBody?: number;
  readonly connections?: number;
  /** Told of each request that is sent. */
  readonly onRequest?: (() => void) | undefined;
  /** For tests: sends the requests in the network's place. */
  readonly transport?: Transport;
  readonly pace?: Pace | undefined;
}

const MIB = 1024 * 1024;

/** Returns a caller with connections of its own, kept alive between calls. */
export function createRest(options: RestOptions): Rest {
  const {
    endpoint,
    credentials,
    proxies,
    timeout = 60_000,
    backOff = 500,
    largestBody = 8 * MIB,
    connections = 16,
    onRequest,
    transport = createTransport({ timeout, largestBody, connections, proxies }),
    pace,
  } = options;

  async function once(call: Call, signal: AbortSignal): Promise<unknown> {
    const headers = endpoint.local ? {} : await signIn(credentials, signal);
    onRequest?.();
    const answer = await transport.send(toRequest(endpoint, call, headers), call.purpose.api, signal);
    return read(answer, call.purpose);
  }

  return {
    async call(call, signal) {
      const attempt = async () => {
        try {
          return { answer: await once(call, signal) };
        } catch (fault) {
          if (mayRepeat(call.repeat, fault)) throw fault;
          return { fault };
        }
      };
      const outcome = await retry(attempt, { signal, unit: backOff, ...pace });
      if ("fault" in outcome) throw outcome.fault;
      return outcome.answer;
    },
    close: () => transport.close(),
  };
}

async function signIn(
  credentials: Credentials,
  signal: AbortSignal,
): Promise<{ readonly [name: string]: string }> {
  const authorization = `Bearer ${await credentials.accessToken(signal)}`;
  const quotaProject = await credentials.quotaProject?.(signal);
  return quotaProject === undefined
    ? { authorization }
    : { authorization, "x-goog-user-project": quotaProject };
}

function toRequest(
  { base }: Endpoint,
  { method, path, query, body }: Call,
  headers: Request["headers"],
): Request {
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  const accepted = { accept: "application/json", "accept-encoding": "identity", ...headers };
  const url = `${base}${path}${search}`;
  return body === undefined
    ? { method, url, headers: accepted }
    : {
        method,
        url,
        headers: { ...accepted, "content-type": "application/json" },
        body: JSON.stringify(body),
      };
}

function read({ status, retryAfter, bytes }: Answer, purpose: Purpose): unknown {
  const body = parse(bytes);
  if (status < 200 || status > 299) {
    const error = toGoogleError(purpose, status, body);
    const after = parseRetryAfter(retryAfter, Date.now());
    throw error.retryable && after !== undefined
      ? new RetryLater(error.code, error.message, { after, cause: error })
      : error;
  }
  // Half a document is what remains where a connection broke without anyone noticing.
  if (body === undefined) {
    throw new VoucherError(
      "network",
      `${purpose.api} was to ${purpose.action} and answered no whole JSON document`,
      {
        retryable: true,
      },
    );
  }
  return body;
}

/** Returns `undefined` for what is no JSON. */
function parse(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function mayRepeat(repeat: Repeat, fault: unknown): boolean {
  return repeat === "always" || (repeat === "if-refused" && hadNoEffect(fault));
}

/** Whether a failed call certainly changed nothing: it was never sent, or Google says that it did not take it on. */
function hadNoEffect(fault: unknown): boolean {
  if (wasNeverSent(fault)) return true;
  const answered = fault instanceof RetryLater ? fault.cause : fault;
  if (!(answered instanceof GoogleError)) return false;
  const { httpStatus, status } = answered;
  return httpStatus === 429 || httpStatus === 503 || (httpStatus === 409 && status === "ABORTED");
}
