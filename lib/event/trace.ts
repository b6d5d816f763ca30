import type { Headers } from "./envelope.ts";

/** Which trace something belongs to, and which span of it caused it. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Whether whoever began the trace keeps it. */
  readonly sampled: boolean;
  /** What vendors add, as it came. */
  readonly state?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?=$|-)/;
const CLOUD_TRACE = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d))?$/i;
const LONGEST_STATE = 512;

/**
 * The trace that a message or request continues: by the attributes of the message, which its publisher wrote (Google's clients
 * under a name of their own), else by the headers of the request that brought it. Follows W3C Trace Context, and Google's older
 * `X-Cloud-Trace-Context`. `undefined` where there is none that can be read.
 */
export function traceOf(
  headers: Headers,
  attributes: { readonly [name: string]: string } = {},
): TraceContext | undefined {
  return (
    parseTraceparent(attributes["googclient_traceparent"], attributes["googclient_tracestate"]) ??
    parseTraceparent(attributes["traceparent"], attributes["tracestate"]) ??
    parseTraceparent(first(headers["traceparent"]), first(headers["tracestate"])) ??
    parseCloudTrace(first(headers["x-cloud-trace-context"]))
  );
}

function parseTraceparent(
  traceparent: string | undefined,
  state: string | undefined,
): TraceContext | undefined {
  const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(traceparent?.trim() ?? "") ?? [];
  if (!isId(traceId) || !isId(spanId)) return undefined;
  const kept = state === undefined || state.length > LONGEST_STATE ? {} : { state };
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, ...kept };
}

/** `TRACE_ID/SPAN_ID;o=OPTIONS`, its span in decimal. */
function parseCloudTrace(header: string | undefined): TraceContext | undefined {
  const [, trace = "", span = "0", options] = CLOUD_TRACE.exec(header?.trim() ?? "") ?? [];
  const traceId = trace.toLowerCase();
  const spanId = BigInt.asUintN(64, BigInt(span)).toString(16).padStart(16, "0");
  return isId(traceId) && isId(spanId) ? { traceId, spanId, sampled: options === "1" } : undefined;
}

function isId(hex: string): boolean {
  return /[1-9a-f]/.test(hex);
}

function first(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
