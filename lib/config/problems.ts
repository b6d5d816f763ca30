import { VoucherError } from "../errors.ts";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Where it was written: a file, or an environment variable. */
  readonly source: string;
  /** The dotted key; undefined where the whole source is meant. */
  readonly key?: string;
  readonly message: string;
}

/** `source: key: message`, on one line. */
export function formatProblem({ source, key, message }: Problem): string {
  const line = [source, key, message].filter((part) => part !== undefined).join(": ");
  return line.replace(/\p{Cc}+/gu, " ");
}

/** The error that lists every problem, one a line, each once. */
export function configError(problems: readonly Problem[], cause?: unknown): VoucherError {
  const lines = new Set(problems.map(formatProblem));
  return new VoucherError("config", [...lines].join("\n"), { cause });
}

/** A sentence about a document, and where in it: line and column count from 1. */
export function at(sentence: string, line: number, column: number): Error {
  return new Error(`${sentence} (line ${line}, column ${column})`);
}

/** A path into a document as people write it: `required.prod.nobody`, `pkix_keys[0].path`; its names shortened. */
export function formatKey(path: readonly PropertyKey[]): string {
  return path
    .map((part, depth) =>
      typeof part === "number" ? `[${part}]` : `${depth === 0 ? "" : "."}${shorten(String(part))}`,
    )
    .join("");
}

/** A value for a message, shortened; tables and lists by kind only. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return kindOf(value);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** What a value is, without showing it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a table";
  return (
    { string: "text", number: "a number", boolean: "true or false" }[String(typeof value)] ?? typeof value
  );
}
