import { styleText } from "node:util";
import type { Log, Severity } from "../ports.ts";
import { shown, stackOf } from "./fields.ts";
import { createLog, type Entry, type LogOptions } from "./log.ts";
import { redact } from "./redact.ts";

export interface TextLogOptions extends LogOptions {
  /** Where it is written, which decides whether it is coloured. */
  readonly stream?: NodeJS.WritableStream;
}

type Style = (format: "dim" | "bold" | "red" | "yellow" | "blue", text: string) => string;

const COLOURS = { DEBUG: "dim", INFO: "blue", WARNING: "yellow", ERROR: "red" } as const;

/** A log for people at a terminal: a line an entry, and below it what was said of each platform, or the stack of an error. */
export function createTextLog({ stream = process.stdout, ...options }: TextLogOptions = {}): Log {
  const style: Style = (format, text) => styleText(format, text, { stream });
  return createLog(options, (entry) => {
    const { verdict, error, labels: _, ...fields } = entry.fields;
    const below = [...verdictLines(verdict), ...errorLines(entry.severity, error)];
    return [headLine(entry, fields, style), ...below.map((line) => style("dim", `    ${line}`))].join("\n");
  });
}

function headLine({ severity, message, time }: Entry, fields: object, style: Style): string {
  const clock = style("dim", time.toTimeString().slice(0, 8));
  const level = style(COLOURS[severity], severity.padEnd(7));
  const rest = pairs(fields).map(([name, value]) => `${style("dim", `${name}=`)}${value}`);
  return [clock, level, style("bold", message), ...rest].join(" ");
}

/** Every value with its dotted name; durations in milliseconds, and lists as JSON. */
function pairs(fields: object, prefix = ""): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (isObject(value) && !(value instanceof Date) && prefix === "") return pairs(value, `${name}.`);
    return [[`${prefix}${name}`, textOf(name, value)]];
  });
}

function textOf(name: string, value: unknown): string {
  try {
    const json: unknown = JSON.stringify({ [name]: value }, shown(false));
    const text = plain(String(json).slice(JSON.stringify(name).length + 2, -1));
    return /^"[^\s"\\]+"$/.test(text) ? text.slice(1, -1) : text;
  } catch {
    return "…";
  }
}

function errorLines(severity: Severity, error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return redact(severity === "ERROR" ? stackOf(error) : error.message)
    .split("\n")
    .map(plain);
}

/** `linux/arm64  diy pass, nobody fail (runs as root)`, and the same of the image itself. */
function verdictLines(verdict: unknown): readonly string[] {
  if (!isObject(verdict)) return [];
  const platforms = listOf(verdict, "platforms").map((one) => [String(one["platform"]), one] as const);
  const named = [...platforms, [String(verdict["kind"]), verdict] as const];
  const width = Math.max(...named.map(([name]) => name.length));
  return named.map(
    ([name, of]) => `${name.padEnd(width)}  ${listOf(of, "results").map(resultOf).join(", ")}`,
  );
}

function resultOf({ name, status, error }: { readonly [name: string]: unknown }): string {
  const why = typeof error === "string" ? ` (${redact(error)})` : "";
  return plain(`${String(name)} ${String(status)}${why}`);
}

/** Without what would steer a terminal, or turn the direction of its text: strangers write some of it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}

function listOf(object: object, name: string) {
  const list: unknown = Object.entries(object).find(([key]) => key === name)?.[1];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
