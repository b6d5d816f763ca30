import { createJsonLog } from "../telemetry/json-log.ts";
import type { LogOptions } from "../telemetry/log.ts";
import { createTextLog } from "../telemetry/text-log.ts";
import type { Terminal } from "./terminal.ts";

/** A command's log, on stderr: words where a person looks on, JSON where a program reads. */
export function logTo(terminal: Terminal, level: NonNullable<LogOptions["level"]>) {
  const options = { level, write: terminal.err };
  return process.stderr.isTTY
    ? createTextLog({ ...options, stream: process.stderr })
    : createJsonLog({ ...options, project: process.env["GOOGLE_CLOUD_PROJECT"] || undefined });
}
