import { type ErrorCode, VoucherError } from "../../lib/errors.ts";
import type { Parser } from "./parser.ts";

/** What became of one input. */
export type Outcome =
  | { readonly kind: "read" }
  | { readonly kind: "refused"; readonly code: ErrorCode | "nothing" }
  | { readonly kind: "fault"; readonly says: string };

/** The most that one input may cost, in milliseconds of this thread's own time. */
const LONGEST_MS = 1_000;
/** The most characters of a line that tells why something was refused: an ellipsis among them. */
const LONGEST_LINE = 2_001;
/** What would steer a terminal, or turn the direction of its text. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Lets `parser` read `bytes`, and judges what comes of it. Never throws. */
export async function judge(parser: Parser, bytes: Uint8Array, folder: string): Promise<Outcome> {
  const before = process.threadCpuUsage();
  const outcome = await outcomeOf(parser, bytes, folder);
  const { user, system } = process.threadCpuUsage(before);
  const spent = (user + system) / 1000;
  return spent > LONGEST_MS * (parser.heavy ? 10 : 1) && outcome.kind !== "fault"
    ? { kind: "fault", says: `it takes ${Math.round(spent)} ms for ${bytes.length} bytes` }
    : outcome;
}

async function outcomeOf(parser: Parser, bytes: Uint8Array, folder: string): Promise<Outcome> {
  try {
    const value = await parser.read(bytes, folder);
    return value === undefined ? { kind: "refused", code: "nothing" } : { kind: "read" };
  } catch (thrown) {
    const says = faultIn(thrown, parser.refuses);
    if (says !== undefined) return { kind: "fault", says };
    return { kind: "refused", code: thrown instanceof VoucherError ? thrown.code : "internal" };
  }
}

/** What is wrong with a refusal; `undefined` where nothing is. */
function faultIn(thrown: unknown, codes: readonly ErrorCode[]): string | undefined {
  if (!(thrown instanceof VoucherError))
    return thrown instanceof Error ? (thrown.stack ?? String(thrown)) : `it throws ${String(thrown)}`;
  const { code, message, cause } = thrown;
  if (!codes.includes(code)) return `it refuses with ${code}: ${message.slice(0, 500)}${hidden(cause)}`;
  const bug = bugBehind(cause);
  if (bug !== undefined) return `its refusal hides a fault: ${bug.stack ?? bug.message}`;
  // A configuration's error has a line for each problem.
  const lines = code === "config" ? message.split("\n") : [message];
  const odd = lines.find((line) => !isSentence(line));
  return odd === undefined
    ? undefined
    : `it refuses in words that cannot be shown: ${JSON.stringify(odd.slice(0, 500))}`;
}

/** One line of text that logs and terminals can show. */
function isSentence(line: string): boolean {
  return line !== "" && line.length <= LONGEST_LINE && line.isWellFormed() && !STEERING.test(line);
}

function hidden(cause: unknown): string {
  return cause instanceof Error ? `\n${cause.stack ?? cause.message}` : "";
}

/** A fault of a program, as against those by which Node and JSON's reader refuse: these have codes, or are SyntaxErrors. */
function bugBehind(cause: unknown): Error | undefined {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const isBug = error instanceof TypeError || error instanceof RangeError;
    if (isBug && !("code" in error)) return error;
  }
  return undefined;
}
