import { dirname } from "node:path";
import { asVoucherError, type VoucherError } from "../errors.ts";
import type { Config } from "./config.ts";
import { applyEnvironment, type Environment, targetPlatform } from "./environment.ts";
import { findConfigFile } from "./find.ts";
import { normalizeKeys, type Table } from "./keys.ts";
import { type ParsedFile, parseFile } from "./parse.ts";
import { configError, formatProblem, type Problem } from "./problems.ts";
import { readConfigFile } from "./read.ts";
import { applyRenames } from "./renames.ts";
import type { Found, Rule } from "./rule.ts";
import { RULES } from "./rules.ts";
import { type Overrides, toConfig } from "./settings.ts";
import { WARNINGS } from "./warnings.ts";

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
  /** One line each: source, key, what to look at. */
  readonly warnings: readonly string[];
}

/**
 * Loads the configuration: file, environment over file, flags over both.
 * Throws one VoucherError `config` whose message lists every problem, one a line: source, key, what is wrong.
 */
export async function loadConfig({ flags = {}, ...sources }: ConfigSources): Promise<LoadedConfig> {
  const { env, cwd } = sources;
  const path = await findConfigFile(sources);
  const document = path === undefined ? {} : await readDocument(path);
  const renamed = applyRenames(document);
  const variables = applyEnvironment(document, env);
  const located = locator(path ?? "configuration", variables);

  const target = targetOf(env);
  const overrides = { ...(target.platform === undefined ? {} : { platforms: [target.platform] }), ...flags };
  const parsed = parseFile(document);
  const found = [...parsed.problems, ...ask(RULES, parsed, overrides)];
  const problems = [...found.map(located), ...target.problems];
  if (problems.length > 0) throw configError(problems);

  const warnings = [...renamed, ...ask(WARNINGS, parsed, overrides)];
  return {
    config: toConfig(parsed.file, path === undefined ? cwd : dirname(path), overrides),
    ...(path === undefined ? {} : { file: path }),
    warnings: warnings.map(located).map(formatProblem),
  };
}

async function readDocument(path: string): Promise<Table> {
  const document = await readConfigFile(path);
  try {
    return normalizeKeys(document);
  } catch (cause) {
    throw configError([{ source: path, message: asVoucherError(cause).message }], cause);
  }
}

function ask(rules: readonly Rule[], { file, unsound }: ParsedFile, overrides: Overrides): readonly Found[] {
  return rules
    .filter(({ reads }) => !reads.some((key) => unsound.has(key)))
    .flatMap((rule) => rule.find(file, overrides));
}

/** Says of what was found whether the file or an environment variable holds it. */
function locator(file: string, variables: ReadonlyMap<string, string>): (found: Found) => Problem {
  return ({ key, message }) => {
    const [top = key] = key.split(/[.[]/, 1);
    const variable = variables.get(top);
    return variable === undefined
      ? { source: file, key, message }
      : { source: `environment variable ${variable}`, message };
  };
}

function targetOf(env: Environment) {
  try {
    return { platform: targetPlatform(env), problems: [] };
  } catch (error) {
    const { message }: VoucherError = asVoucherError(error);
    return { platform: undefined, problems: [{ source: "environment", message }] };
  }
}
