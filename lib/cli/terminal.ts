import { styleText } from "node:util";

/** Where a command writes, and how. */
export interface Terminal {
  /** What programs read: one JSON document, or the answer itself. */
  out(text: string): void;
  /** What people read while they wait: warnings, errors. */
  err(text: string): void;
  /** Columns to fold tables into. */
  readonly columns: number;
  style(format: Style, text: string): string;
}

export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** The process's own terminal; colours only where somebody looks, and `NO_COLOR` is not set. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    columns: process.stdout.columns ?? 80,
    style: (format, text) => styleText(format, text, { stream: process.stdout }),
  };
}
