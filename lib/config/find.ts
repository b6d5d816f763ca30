import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isAbsent, reasonOf } from "./file-errors.ts";
import { configError } from "./problems.ts";

/** Where a configuration is looked for. */
export interface Whereabouts {
  /** `--config`. */
  readonly file?: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  readonly home: string;
}

/**
 * Returns the absolute path of the configuration file: `--config`, else `$VOUCHER_CONFIG`, else `./voucher.*`, else
 * `config.*` in the folders where Voucher looks; undefined where there is none. A named file is not looked at here.
 * Throws `config` for a place that cannot be looked into, since another file must not take its place.
 */
export async function findConfigFile({ file, env, cwd, home }: Whereabouts): Promise<string | undefined> {
  const named = file ?? (env["VOUCHER_CONFIG"] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  for (const candidate of candidates(cwd, home)) {
    if (await isFile(candidate)) return candidate;
  }
  return undefined;
}

function candidates(cwd: string, home: string): readonly string[] {
  const own = ["toml", "yaml", "yml", "json"].map((ending) => join(cwd, `voucher.${ending}`));
  const folders = [
    "/etc/voucher",
    ...(home === "" ? [] : [join(home, ".voucher")]),
    join(cwd, "config"),
    cwd,
  ];
  const endings = ["toml", "json", "yaml", "yml"];
  return [...own, ...folders.flatMap((folder) => endings.map((ending) => join(folder, `config.${ending}`)))];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch (cause) {
    if (isAbsent(cause)) return false;
    throw configError([{ source: path, message: `cannot be looked at: ${reasonOf(cause)}` }], cause);
  }
}
