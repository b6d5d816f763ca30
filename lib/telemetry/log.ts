import type { Log, Severity } from "../ports.ts";
import type { Trace } from "./backend.ts";
import { currentScope } from "./scope.ts";
import { writeLine } from "./write-line.ts";

const ORDER: readonly Severity[] = ["DEBUG", "INFO", "WARNING", "ERROR"];

/** What is logged at one moment. */
export interface Entry {
  readonly severity: Severity;
  readonly message: string;
  readonly time: Date;
  readonly fields: { readonly [name: string]: unknown };
  /** That of the whole which it is part of. */
  readonly trace: Trace | undefined;
}

export interface LogOptions {
  /** The least severity that is written. */
  readonly level?: Severity;
  /** Takes one entry, without its last line break. Written at once by default: an instance may lose its CPU after its answer. */
  readonly write?: (text: string) => void;
}

/** Reads a level as `VOUCHER_LOG_LEVEL` writes it, in any case; what is no level counts as INFO. */
export function parseLevel(text: string | undefined): Severity {
  const wanted = text?.toUpperCase() === "WARN" ? "WARNING" : text?.toUpperCase();
  return ORDER.find((severity) => severity === wanted) ?? "INFO";
}

/** A log whose entries look as `format` has them. */
export function createLog(
  { level = "INFO", write = writeLine }: LogOptions,
  format: (entry: Entry) => string,
): Log {
  return {
    record(severity, message, fields) {
      if (ORDER.indexOf(severity) < ORDER.indexOf(level)) return;
      const entry = { severity, message, time: new Date(), fields, trace: currentScope()?.trace };
      write(format(entry));
    },
  };
}
