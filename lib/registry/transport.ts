import { LRUCache } from "lru-cache";
import pLimit, { type LimitFunction } from "p-limit";
import type { Dispatcher } from "undici";
import { VoucherError } from "../errors.ts";
import { createWays, type Proxies, proxyFault, type Ways } from "../proxy.ts";
import { abandoned, parseRetryAfter, untilAborted } from "../retry.ts";
import { exchange, type Headers, type Received, TooLate } from "../wire.ts";
import { inwardError, isPublicAddress, literalAddress, type Reach } from "./address.ts";
import { type Connect, type Connectors, createConnectors } from "./connector.ts";
import { CoolDown } from "./cool-down.ts";
import { type Answer, one, type Request } from "./exchange.ts";
import { brokenOff } from "./failure.ts";
import { ERROR_BYTES } from "./limits.ts";

/** In milliseconds. */
export interface Timeouts {
  /** Until a connection stands. */
  readonly connect: number;
  /** Until the answer's headers are there, between two pieces of its body, and until the connection's next use at most. */
  readonly idle: number;
  /** Until the whole answer is there, so that a body that drips in ends too. */
  readonly answer: number;
}

const DEFAULT_TIMEOUTS: Timeouts = { connect: 10_000, idle: 20_000, answer: 30_000 };

/** How long a host that answers 429 without saying how long is left alone, in milliseconds. */
const COOL_DOWN = 1000;
const MOST_HOSTS = 1000;

/** Sends single requests: no redirects, no sign-in, no second try. */
export interface Transport {
  /** Throws a VoucherError where no whole answer arrives; any status is an answer. */
  send(request: Request, signal: AbortSignal): Promise<Answer>;
  /** Whether `hostname` was contacted straight, and only ever at addresses that are not public. */
  isInward(hostname: string): boolean;
  close(): Promise<void>;
}

interface Loaded {
  readonly ways: { readonly [reach in Reach]: Ways };
  readonly connectors: Connectors;
}

export function createTransport(options: {
  readonly perHost: number;
  readonly timeouts?: Timeouts | undefined;
  readonly connect?: Connect | undefined;
  /** Told of each request that is sent. */
  readonly onRequest?: (() => void) | undefined;
  readonly proxies?: Proxies | undefined;
}): Transport {
  const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
  const coolDown = new CoolDown();
  const limits = new LRUCache<string, LimitFunction>({ max: MOST_HOSTS });
  let loading: Promise<Loaded> | undefined;
  let loaded: Loaded | undefined;

  /** undici takes a while to load, so a process that never asks a registry does without. */
  async function load(): Promise<Loaded> {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const undici = (await import("undici")).default;
    const connectors = createConnectors(undici.buildConnector, timeouts.connect, options.connect);
    const ways = (reach: Reach) => {
      const settings = {
        connect: connectors.of(reach),
        allowH2: false,
        headersTimeout: timeouts.idle,
        bodyTimeout: timeouts.idle,
        // A server that says so, under ever new names, would have us hold all of our descriptors open for minutes.
        keepAliveMaxTimeout: timeouts.idle,
      };
      return createWays(undici, settings, options.proxies);
    };
    loaded = { connectors, ways: { anywhere: ways("anywhere"), public: ways("public") } };
    return loaded;
  }

  function limitOf(host: string): LimitFunction {
    const limit = limits.get(host) ?? pLimit(options.perHost);
    limits.set(host, limit);
    return limit;
  }

  async function ask(request: Request, signal: AbortSignal): Promise<Answer> {
    loading ??= load();
    const { ways } = await loading;
    const { url, reach } = request;
    options.onRequest?.();
    try {
      requireReach(url, reach);
      const received = await exchange(ways[reach].to(url.host), toDispatch(request), {
        signal,
        timeout: timeouts.answer,
        most: (status, headers) => mostOf(request, status, headers),
      });
      return toAnswer(request, received);
    } catch (thrown) {
      if (signal.aborted) throw abandoned(signal);
      if (thrown instanceof TooLate) {
        const message = `${url.host} took more than ${timeouts.answer / 1000} s to answer`;
        throw new VoucherError("timeout", message, { retryable: true, cause: thrown });
      }
      throw brokenOff(url.host, proxyFault(thrown, url.host));
    }
  }

  return {
    send(request, signal) {
      const { host } = request.url;
      const turn = limitOf(host)(async () => {
        await coolDown.over(host, signal);
        if (signal.aborted) throw abandoned(signal);
        const answer = await ask(request, signal);
        const wait = answer.retryAfter ?? (answer.status === 429 ? COOL_DOWN : undefined);
        if (wait !== undefined) coolDown.start(host, wait);
        return answer;
      });
      return untilAborted(turn, signal);
    },
    isInward: (hostname) => loaded?.connectors.isInward(hostname) ?? false,
    async close() {
      const { ways } = (await loading) ?? {};
      await Promise.all([ways?.anywhere.destroy(), ways?.public.destroy()]);
    },
  };
}

/** What a name leads to is seen when it is resolved, by us or by a proxy; an address is held to its reach here. */
function requireReach({ hostname }: URL, reach: Reach): void {
  const literal = literalAddress(hostname);
  if (reach === "public" && literal !== undefined && !isPublicAddress(literal)) throw inwardError(hostname);
}

function toDispatch({ url, method = "GET", body, headers }: Request): Dispatcher.DispatchOptions {
  const isForm = body instanceof URLSearchParams;
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: {
      "user-agent": "voucher",
      "accept-encoding": "identity",
      ...(!isForm ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      ...headers,
    },
    body: (isForm ? body.toString() : body) ?? null,
  };
}

/**
 * How much of an answer is read: nothing of an error that is compressed. What is told of a body that was not asked for
 * limits nothing. Throws for a success that is compressed.
 */
function mostOf({ url, method, most }: Request, status: number, headers: Headers): number {
  if (method === "HEAD") return Number.POSITIVE_INFINITY;
  const ok = isSuccess(status);
  const encoding = [headers["content-encoding"] ?? "identity"].flat().join(", ").trim().toLowerCase();
  if (encoding === "identity") return ok ? most.bytes : ERROR_BYTES;
  if (!ok) return 0;
  throw new VoucherError(
    "unsupported",
    `${url.host} sent a compressed answer (${encoding.slice(0, 40)}), though none was accepted`,
  );
}

function toAnswer({ most }: Request, { status, headers, bytes }: Received): Answer {
  if (bytes === undefined && isSuccess(status)) throw most.error();
  const retryAfter = parseRetryAfter(one(headers["retry-after"]), Date.now());
  return {
    status,
    headers,
    bytes: bytes ?? new Uint8Array(),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
