import { readFile } from "node:fs/promises";
import type { LogEntry } from "./operation.ts";

/** One command of the page, and what the page says that it prints, line by line. */
export interface DocumentedCommand {
  readonly command: string;
  readonly prints: readonly string[];
}

/** One entry of docs/runbook.md. */
export interface Entry {
  /** The commands of each console block, in their order. */
  readonly blocks: readonly (readonly DocumentedCommand[])[];
  /** What it filters the log by. */
  readonly filters: readonly string[];
}

/** The entries of docs/runbook.md, by their headings. */
export async function readRunbook(): Promise<ReadonlyMap<string, Entry>> {
  const page = await readFile(new URL("../../docs/runbook.md", import.meta.url), "utf8");
  const sections = page.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), entryIn(section)]));
}

function entryIn(section: string): Entry {
  const blocks = [...section.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, text = ""]) =>
    commandsIn(text),
  );
  const prose = section.replaceAll(/^```[\s\S]*?^```$/gm, "");
  const filters = [...prose.matchAll(/`((?:jsonPayload\.|severity=)[^`]*)`/g)].map(
    ([, filter = ""]) => filter,
  );
  return { blocks, filters };
}

function commandsIn(block: string): readonly DocumentedCommand[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = "", ...prints] = text.trimEnd().split("\n");
      return { command, prints };
    });
}

/** Whether `line` is what the page has, where `…` stands for whatever there may be. */
export function isAsDocumented(line: string, documented: string): boolean {
  const pattern = documented.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`, "u").test(line);
}

/** One comparison of Cloud Logging's query language: a field, `=` or `:` (has), and a text. */
const TERM = /(severity|jsonPayload[.\w]+)([=:])"([^"]*)"/g;

/** Whether an entry of a function's log is one that Cloud Logging would find by `filter`, which is terms that all have to hold. */
export function isFoundBy(filter: string, entry: LogEntry): boolean {
  const terms = [...filter.matchAll(TERM)];
  if (filter.replaceAll(TERM, "").trim() !== "") throw new Error(`${filter} is more than this reads`);
  return terms.every(([, field = "", operator, wanted = ""]) => {
    const value = valueAt(
      entry,
      field.split(".").filter((part) => part !== "jsonPayload"),
    );
    if (typeof value !== "string") return false;
    return operator === "=" ? value === wanted : value.toLowerCase().includes(wanted.toLowerCase());
  });
}

function valueAt(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  return valueAt(Object.entries(value).find(([name]) => name === first)?.[1], rest);
}
