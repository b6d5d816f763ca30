import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace as traces,
} from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Followed } from "../ports.ts";
import type { Backend, OpenSpan, Trace } from "./backend.ts";
import { redact } from "./redact.ts";

/** Begins spans, and sends those that ended. */
export interface Spans extends Pick<Backend, "flush" | "close"> {
  readonly open: (followed: Followed) => OpenSpan;
}

const KINDS = { message: SpanKind.CONSUMER, request: SpanKind.SERVER, command: SpanKind.INTERNAL } as const;

/** Whether a trace is kept is decided where it began; those that begin here are. */
export function createSpans(
  exporter: SpanExporter,
  { resource, timeout }: { readonly resource: Resource; readonly timeout: number },
): Spans {
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: timeout })],
  });
  const tracer = provider.getTracer("voucher");
  return {
    open({ name, kind, trace }) {
      const above = trace === undefined ? ROOT_CONTEXT : remote(trace);
      return toOpenSpan(tracer.startSpan(name, { kind: KINDS[kind] }, above), tracer);
    },
    flush: () => provider.forceFlush(),
    close: () => provider.shutdown(),
  };
}

function toOpenSpan(span: Span, tracer: Tracer): OpenSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const below = traces.setSpan(ROOT_CONTEXT, span);
  return {
    trace: { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 },
    child: (name) => toOpenSpan(tracer.startSpan(name, {}, below), tracer),
    describe(attributes) {
      for (const [name, value] of Object.entries(attributes)) {
        if (value === undefined) continue;
        span.setAttribute(`voucher.${name}`, typeof value === "string" ? redact(value) : value);
      }
    },
    end(fault) {
      if (fault !== undefined) {
        const message = redact(fault instanceof Error ? fault.message : String(fault));
        span.setStatus({ code: SpanStatusCode.ERROR, message });
      }
      span.end();
    },
  };
}

function remote({ traceId, spanId, sampled, state }: Trace): Context {
  return traces.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}
