import { isSecretName, redact } from "./redact.ts";

/** The longest text that a field is written with, in characters; entries have a limit, and texts come from others too. */
const LONGEST_TEXT = 16_000;

/** For `JSON.stringify`: errors as what they say, everything without secrets. With `stacks`, errors show theirs. */
export function shown(stacks: boolean): (name: string, value: unknown) => unknown {
  return (name, value) => {
    if (value instanceof Error) {
      const code = "code" in value ? { code: value.code } : {};
      return { ...code, message: value.message, ...(stacks ? { stack: value.stack } : {}) };
    }
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "string") return value;
    return isSecretName(name) ? "***" : cut(redact(value));
  };
}

/** The stack of an error and of what caused it, in V8's own form, by which Error Reporting groups. */
export function stackOf(error: Error, depth = 0): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  if (!(error.cause instanceof Error) || depth > 4) return own;
  return `${own}\nCaused by: ${stackOf(error.cause, depth + 1)}`;
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}
