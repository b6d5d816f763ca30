import type * as z from "zod/mini";
import type { Table } from "./keys.ts";
import { formatKey } from "./problems.ts";
import type { Found } from "./rule.ts";
import { type FileConfig, fileSchema } from "./schema.ts";

/** What could be read of a document. */
export interface ParsedFile {
  readonly file: FileConfig;
  /** The top-level keys that could not be read, and are left out of `file`. */
  readonly unsound: ReadonlySet<string>;
  readonly problems: readonly Found[];
}

/** Parses what can be parsed, so that one mistake does not hide another. */
export function parseFile(document: Table): ParsedFile {
  const result = fileSchema.safeParse(document);
  if (result.success) return { file: result.data, unsound: new Set(), problems: [] };
  const { issues } = result.error;
  const unsound = new Set(issues.flatMap(topKeys));
  const rest = Object.fromEntries(Object.entries(document).filter(([key]) => !unsound.has(key)));
  return { file: fileSchema.parse(rest), unsound, problems: issues.flatMap(problemsOf) };
}

function topKeys(issue: z.core.$ZodIssue): readonly string[] {
  const [top] = issue.path;
  if (top !== undefined) return [String(top)];
  return issue.code === "unrecognized_keys" ? issue.keys : [];
}

/**
 * The problems of an issue. Where a value may be one of several kinds, those of the kind that came closest; the message
 * of an unknown-keys issue has a line for each key (values.ts).
 */
function problemsOf(issue: z.core.$ZodIssue): readonly Found[] {
  if (issue.code === "invalid_union") {
    const closest = issue.errors.find((kind) => kind.every(isInside));
    if (closest !== undefined) {
      return closest.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }));
    }
  }
  if (issue.code !== "unrecognized_keys") return [{ key: formatKey(issue.path), message: issue.message }];
  const messages = issue.message.split("\n");
  return issue.keys.map((key, index) => ({
    key: formatKey([...issue.path, key]),
    message: messages[index] ?? issue.message,
  }));
}

function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys" || issue.path.length > 0;
}
