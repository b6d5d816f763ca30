import { VoucherError } from "../errors.ts";
import { formatKey } from "./problems.ts";

/** A table of a document, its keys known to be plain names. */
export type Table = { [key: string]: unknown };

/** Deeper than any key of ours, and shallow enough for a document that refers to itself. */
const DEEPEST = 16;

/**
 * Copies a document with its keys in lower case, since to Voucher `Signer` is `signer`. What `[checks.NAME] options` hold
 * belongs to the check and stays as it is. Throws `config` for a document that is no table, for one nested too deeply,
 * for a key that is given twice that way, and for `__proto__`.
 */
export function normalizeKeys(document: unknown): Table {
  if (document === null || document === undefined) return {};
  if (!isTable(document)) throw new VoucherError("config", "must be a table of settings at its top");
  return normalizeTable(document, []);
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function normalizeTable(table: Table, path: readonly PropertyKey[]): Table {
  const result: Table = {};
  for (const [written, value] of Object.entries(table)) {
    const key = isOptions(path) ? written : written.toLowerCase();
    const here = [...path, key];
    if (key === "__proto__")
      throw new VoucherError("config", `${formatKey(here)}: is not accepted as a name`);
    if (Object.hasOwn(result, key))
      throw new VoucherError("config", `${formatKey(here)}: is given twice, in different cases`);
    result[key] = normalizeValue(value, here);
  }
  return result;
}

function normalizeValue(value: unknown, path: readonly PropertyKey[]): unknown {
  if (path.length > DEEPEST)
    throw new VoucherError("config", `${formatKey(path.slice(0, 3))}…: is nested too deeply`);
  if (Array.isArray(value)) return value.map((item, index) => normalizeValue(item, [...path, index]));
  return isTable(value) ? normalizeTable(value, path) : value;
}

function isOptions([top, , part]: readonly PropertyKey[]): boolean {
  return top === "checks" && part === "options";
}
