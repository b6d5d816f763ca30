import type { Config } from "./config.ts";

/** The group of `[checks]`, which events run and which requests run unless they name another. */
export const ALL = "all";

/** The groups of checks by name: `all`, and one for each `[required.<env>]`. */
export function groupsOf(config: Pick<Config, "all" | "required">): ReadonlyMap<string, readonly string[]> {
  return new Map([...Object.entries(config.required), [ALL, config.all]]);
}

/** Every check of any group, each once: first those that events run. */
export function configuredChecks({ all, required }: Pick<Config, "all" | "required">): readonly string[] {
  return [...new Set([...all, ...Object.values(required).flat()])];
}

/** The names that a table of checks switches on, in its order. A table of its own (`module = …`) counts as on. */
export function enabledIn(
  checks: { readonly [name: string]: unknown } | null | undefined,
): readonly string[] {
  return Object.entries(checks ?? {}).flatMap(([name, setting]) => (setting === false ? [] : [name]));
}
