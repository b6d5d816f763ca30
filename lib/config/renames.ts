import { isTable, type Table } from "./keys.ts";
import type { Found } from "./rule.ts";

interface Rename {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** What Voucher's own samples misspell, and what it still read under an older name. */
const RENAMES: readonly Rename[] = [
  { from: ["trusted_builder-identities"], to: ["trusted_builder_identities"] },
  { from: ["grafeasos", "vuln_project"], to: ["grafeasos", "vul_project"] },
  { from: ["statsd", "backend"], to: ["metrics", "backend"] },
  { from: ["statsd", "tags"], to: ["metrics", "tags"] },
];

/** Moves what stands under a name of the past to today's, in place; returns a warning for each. Today's name wins. */
export function applyRenames(document: Table): readonly Found[] {
  return RENAMES.flatMap(({ from, to }) => {
    const source = tableOf(document, from);
    const last = from.at(-1) ?? "";
    if (source === undefined || !Object.hasOwn(source, last)) return [];
    const value = source[last];
    delete source[last];
    const kept = place(document, to, value);
    const name = to.join(".");
    return [
      { key: from.join("."), message: `is written ${name}${kept ? "" : ", which is set too and counts"}` },
    ];
  });
}

/** Whether `value` could be put there; what is there stays. */
function place(document: Table, [first, second]: readonly string[], value: unknown): boolean {
  if (first === undefined) return false;
  if (second === undefined) return put(document, first, value);
  const section = document[first] ?? {};
  document[first] = section;
  return isTable(section) && put(section, second, value);
}

function put(table: Table, key: string, value: unknown): boolean {
  if (Object.hasOwn(table, key)) return false;
  table[key] = value;
  return true;
}

function tableOf(document: Table, path: readonly string[]): Table | undefined {
  const [first, second] = path;
  if (second === undefined) return document;
  const section = first === undefined ? undefined : document[first];
  return isTable(section) ? section : undefined;
}
