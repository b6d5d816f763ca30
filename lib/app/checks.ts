import { pathToFileURL } from "node:url";
import { makeCheck } from "../check/catalog.ts";
import type { Check } from "../check/contract.ts";
import { checkFromModule } from "../check/from-module.ts";
import type { Config } from "../config/config.ts";
import { ALL, groupsOf } from "../config/groups.ts";
import { VoucherError } from "../errors.ts";

/** The checks that the configuration brings along, by name. */
export type CustomChecks = ReadonlyMap<string, Check>;

/** Loads the modules of `[checks.NAME] module`. Throws one `config` error that names the module which cannot be used. */
export async function loadCustomChecks({ customChecks }: Config): Promise<CustomChecks> {
  const loaded = customChecks.map(async ({ name, module, options }) => {
    const namespace: unknown = await import(pathToFileURL(module).href).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new VoucherError("config", `checks.${name}.module ${module} cannot be loaded: ${why}`, { cause });
    });
    return [name, checkFromModule(name, namespace, options)] as const;
  });
  return new Map(await Promise.all(loaded));
}

/**
 * The checks of the named groups and checks, each once, in order. Throws `usage` for a name that nothing bears, and for a
 * group without checks: nothing that was asked must never count as passed.
 */
export function checksOf(config: Config, custom: CustomChecks, names: readonly string[]): readonly Check[] {
  const groups = groupsOf(config);
  const wanted = new Set(names.flatMap((name) => groups.get(name) ?? [name]));
  if (wanted.size === 0) {
    const [first = ALL] = names;
    const table = first === ALL ? "[checks]" : `[required.${first}]`;
    throw new VoucherError(
      "usage",
      `the group ${names.join(", ") || ALL} has no checks; enable some under ${table}, as in nobody = true`,
    );
  }
  return [...wanted].map((name) => {
    const check = custom.get(name) ?? makeCheck(name, config);
    if (check !== undefined) return check;
    throw new VoucherError("usage", `no check or group is called ${JSON.stringify(name)}`);
  });
}
