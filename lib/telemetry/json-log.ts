import type { Log } from "../ports.ts";
import type { Trace } from "./backend.ts";
import { shown, stackOf } from "./fields.ts";
import { createLog, type Entry, type LogOptions } from "./log.ts";

export interface JsonLogOptions extends LogOptions {
  /** The Google Cloud project that traces are kept in; without one a trace is written by its id alone. */
  readonly project?: string | undefined;
  /** What Error Reporting counts errors by. */
  readonly service?: { readonly service: string; readonly version?: string | undefined };
}

const REPORTED = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

/**
 * A log of one JSON line an entry, as Cloud Logging reads them (`severity`, `message`, its own `logging.googleapis.com/…`
 * fields, further fields), and as Error Reporting reads those of severity ERROR.
 */
export function createJsonLog(options: JsonLogOptions = {}): Log {
  const { project, service = { service: "voucher" } } = options;
  return createLog(options, (entry) => {
    const { severity, message, time, fields, trace } = entry;
    const { labels, ...others } = fields;
    const head = { severity, message, time: time.toISOString() };
    const reported = severity === "ERROR" ? errorReport(fields, service) : {};
    const labelled = labels === undefined ? {} : { "logging.googleapis.com/labels": labels };
    return toLine(entry, { ...head, ...traceFields(trace, project), ...labelled, ...others, ...reported });
  });
}

/** One line, whatever the fields are: what cannot be written is left out and said so. */
function toLine({ severity, message, time }: Entry, fields: object): string {
  try {
    return JSON.stringify(fields, shown(severity === "ERROR"));
  } catch (fault) {
    return JSON.stringify({ severity, message, time: time.toISOString(), unwritable: String(fault) });
  }
}

function traceFields(trace: Trace | undefined, project: string | undefined): object {
  if (trace === undefined) return {};
  const { traceId, spanId, sampled } = trace;
  if (project === undefined) return { trace: traceId, span: spanId };
  return {
    "logging.googleapis.com/trace": `projects/${project}/traces/${traceId}`,
    "logging.googleapis.com/spanId": spanId,
    "logging.googleapis.com/trace_sampled": sampled,
  };
}

function errorReport({ error }: Entry["fields"], serviceContext: JsonLogOptions["service"]): object {
  const stack = error instanceof Error ? { stack_trace: stackOf(error) } : {};
  return { "@type": REPORTED, serviceContext, ...stack };
}
