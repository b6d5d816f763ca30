import { VoucherError } from "../errors.ts";

/** A JSON object whose members are still to be parsed. */
export type JsonObject = { readonly [key: string]: unknown };

const UTF8 = new TextDecoder("utf-8", { fatal: true });

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

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|-?[0-9][^,\]}\s]*/g;

/** Walks the tokens of `text`, which is known to be valid JSON. */
function refuseAmbiguity(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    const first = token.charCodeAt(0);
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") addKey(open.at(-1), last);
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) refuseUnsafeNumber(token);
    last = token;
  }
}

function addKey(keys: Set<string> | undefined, token: string): void {
  const key = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
  if (keys?.has(key)) throw new VoucherError("malformed", `the key ${JSON.stringify(key)} is given twice`);
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
