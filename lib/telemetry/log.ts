import { writeSync } from "node:fs";
import type { Observer, Severity } from "../ports.ts";

const ORDER: readonly Severity[] = ["DEBUG", "INFO", "WARNING", "ERROR"];

export interface LogOptions {
  /** The least severity that is written. */
  readonly level?: Severity;
  /** Takes one line, without its line break. Written at once by default: an instance may lose its CPU after its answer. */
  readonly write?: (line: string) => void;
}

/** Reads a level as `VOUCHER_LOG_LEVEL` writes it, in any case; what is no level counts as INFO. */
export function parseLevel(text: string | undefined): Severity {
  const wanted = text?.toUpperCase() === "WARN" ? "WARNING" : text?.toUpperCase();
  return ORDER.find((severity) => severity === wanted) ?? "INFO";
}

/** An observer that writes one JSON line an entry, as Cloud Logging reads them (`severity`, `message`, further fields). */
export function createJsonLog({ level = "INFO", write = toStdout }: LogOptions = {}): Observer {
  return {
    record(severity, message, fields) {
      if (ORDER.indexOf(severity) < ORDER.indexOf(level)) return;
      write(
        JSON.stringify(
          { severity, message, time: new Date().toISOString(), ...fields },
          errorsAsText(severity),
        ),
      );
    },
  };
}

/** Errors as their message; with their stack, which Error Reporting groups by, where the entry itself is an error. */
function errorsAsText(severity: Severity): (key: string, value: unknown) => unknown {
  return (_, value) => {
    if (!(value instanceof Error)) return value;
    const code = "code" in value ? { code: value.code } : {};
    return { ...code, message: value.message, ...(severity === "ERROR" ? { stack: value.stack } : {}) };
  };
}

/** Writes the whole line, however slowly it is read: a pipe that is full answers EAGAIN, and takes a part at a time. */
function toStdout(line: string): void {
  let rest: Uint8Array = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (fault) {
      if (!(fault instanceof Error && "code" in fault && fault.code === "EAGAIN")) return; // nobody reads any more
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
    }
  }
}

const STDOUT = 1;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const PAUSE_MS = 5;
