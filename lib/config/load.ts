import { dirname } from "node:path";
import type * as z from "zod/mini";
import { asVoucherError } from "../errors.ts";
import type { Config } from "./config.ts";
import { applyEnvironment, type Environment, targetPlatform } from "./environment.ts";
import { findConfigFile } from "./find.ts";
import { normalizeKeys, type Table } from "./keys.ts";
import { configError, formatKey, formatProblem, type Problem } from "./problems.ts";
import { readConfigFile } from "./read.ts";
import { applyRenames } from "./renames.ts";
import { type Found, RULES } from "./rules.ts";
import { type FileConfig, fileSchema } from "./schema.ts";
import { type Overrides, toConfig } from "./settings.ts";
import { UNBUILT } from "./unbuilt.ts";
import { warningsOf } from "./warnings.ts";

/** Where the configuration comes from. Nothing else is read: no variable of the process, no folder of its own choice. */
export interface ConfigSources {
  /** `--config`; relative to `cwd`. */
  readonly file?: string;
  readonly env: Environment;
  readonly cwd: string;
  /** The user's home, or an empty text where there is none. */
  readonly home: string;
  /** What the command line sets over file and environment. */
  readonly flags?: Overrides;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The absolute path of the file that was read; undefined where there is none, and defaults serve. */
  readonly file?: string;
  readonly warnings: readonly string[];
}

/**
 * Loads the configuration: file, environment over file, flags over both.
 * Throws one VoucherError `config` whose message lists every problem, one a line: source, key, what is wrong.
 */
export async function loadConfig({ file, env, cwd, home, flags = {} }: ConfigSources): Promise<LoadedConfig> {
  const path = await findConfigFile({ ...(file === undefined ? {} : { file }), env, cwd, home });
  const source = path ?? "configuration";
  const document = path === undefined ? {} : normalize(await readConfigFile(path), source);
  const renamed = applyRenames(document);
  const variables = applyEnvironment(document, env);
  const sourceOf = (key: string) => {
    const variable = variables.get(key);
    return variable === undefined ? { source, key } : { source: `environment variable ${variable}` };
  };

  const target = singleTarget(env);
  const overrides = { ...(target.platform === undefined ? {} : { platforms: [target.platform] }), ...flags };
  const { parsed, unsound, problems } = parseFile(document);
  const found = [...RULES, ...UNBUILT]
    .filter(({ reads }) => !reads.some((key) => unsound.has(key)))
    .flatMap((rule) => rule.find(parsed, overrides));
  const all = [
    ...[...problems, ...found].map(({ key, message }) => ({ ...sourceOf(key), message })),
    ...target.problems,
  ];
  if (all.length > 0) throw configError(all);

  const warnings = [...renamed, ...warningsOf(parsed)].map((message) => formatProblem({ source, message }));
  const config = toConfig(parsed, path === undefined ? cwd : dirname(path), overrides);
  return { config, ...(path === undefined ? {} : { file: path }), warnings };
}

function normalize(document: unknown, source: string): Table {
  try {
    return normalizeKeys(document);
  } catch (cause) {
    throw configError([{ source, message: asVoucherError(cause).message }], cause);
  }
}

function singleTarget(env: Environment) {
  try {
    return { platform: targetPlatform(env), problems: [] };
  } catch (error) {
    return {
      problems: [{ source: "environment", message: asVoucherError(error).message }] satisfies Problem[],
    };
  }
}

/** Parses what can be parsed, so that one mistake does not hide another. `unsound` are the top-level keys that could not. */
function parseFile(document: Table) {
  const result = fileSchema.safeParse(document);
  if (result.success) return { parsed: result.data, unsound: new Set<string>(), problems: [] };
  const problems = result.error.issues.flatMap(problemsOf);
  const unsound = new Set(result.error.issues.flatMap(topKeys));
  const rest = Object.fromEntries(Object.entries(document).filter(([key]) => !unsound.has(key)));
  const parsed: FileConfig = fileSchema.parse(rest);
  return { parsed, unsound, problems };
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
