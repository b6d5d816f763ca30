import { VoucherError } from "../errors.ts";

/** A JSON object whose members are still to be parsed. */
export type JsonObject = { readonly [key: string]: unknown };

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses a document that others will read too, and refuses what two readers could read in two ways: a key given twice
 * in one object, integers that a double cannot hold (RFC 8259 section 4 and 6), bytes that are not UTF-8.
 * Throws `malformed`.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = UTF8.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new VoucherError("malformed", "the document is not JSON", { cause });
  }
  refuseAmbiguity(text);
  return value;
}

/** As {@link parseJson}, but returns `undefined` for what that refuses. */
export function tryParseJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Throws `malformed` if `object` has a key that equals one of `reserved` but for the case of its letters: readers that
 * ignore case (Go's among them) would see another document than we do.
 */
export function refuseCaseVariants(object: JsonObject, reserved: ReadonlyMap<string, string>): void {
  for (const key of Object.keys(object)) {
    const meant = reserved.get(fold(key));
    if (meant !== undefined && meant !== key) {
      throw new VoucherError(
        "malformed",
        `the key ${JSON.stringify(key)} can be read as ${JSON.stringify(meant)}`,
      );
    }
  }
}

/** The keys of `names` by their case-folded form, for {@link refuseCaseVariants}. */
export function reservedKeys(...names: string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [fold(name), name]));
}

/** Upper case first, so that `ſ` and the Kelvin sign fold onto s and k, as they do for readers that ignore case. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Where Go's reader gives up as well, and far deeper than any manifest: what is kept for each level stays little. */
const DEEPEST = 10_000;
const NUMBER = "+-.0123456789Ee";

/**
 * Walks `text`, which is known to be valid JSON, in one pass. No regular expression: V8 keeps a stack for those, which a
 * string of some MiB overflows.
 */
function refuseAmbiguity(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let last = "";
  for (let at = 0; at < text.length; at += 1) {
    const first = text.charAt(at);
    if (first === '"') {
      const end = endOfString(text, at);
      last = text.slice(at, end);
      at = end - 1;
    } else if (first === "{" || first === "[") open.push(first === "{" ? new Set() : undefined);
    else if (first === "}" || first === "]") open.pop();
    else if (first === ":") addKey(open.at(-1), last);
    else if (first === "-" || (first >= "0" && first <= "9")) {
      const end = endOfNumber(text, at);
      refuseUnsafeNumber(text.slice(at, end));
      at = end - 1;
    }
    if (open.length > DEEPEST) throw new VoucherError("malformed", "the document is nested too deep");
  }
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charAt(first - 1) === "\\") first -= 1;
  return (at - first) % 2 === 1;
}

function endOfNumber(text: string, start: number): number {
  let end = start;
  while (end < text.length && NUMBER.includes(text.charAt(end))) end += 1;
  return end;
}

function addKey(keys: Set<string> | undefined, token: string): void {
  const key = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
  if (keys?.has(key)) {
    const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key;
    throw new VoucherError("malformed", `the key ${JSON.stringify(shown)} is given twice`);
  }
  keys?.add(key);
}

function refuseUnsafeNumber(token: string): void {
  const value = Number(token);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new VoucherError(
      "malformed",
      `the number ${token.slice(0, 40)} is too large to be read the same by everyone`,
    );
  }
}
