import { VoucherError } from "../errors.ts";
import { type Platform, parsePlatform } from "../image/platform.ts";
import type { Table } from "./keys.ts";

export type Environment = { readonly [name: string]: string | undefined };

/** Voucher's keys that are no tables. Only these: `SERVER` or `METRICS` mean something to too many other programs. */
const OVERRIDABLE = [
  "dryrun",
  "scanner",
  "failon",
  "valid_repos",
  "trusted_builder_identities",
  "trusted_projects",
  "binauth_project",
  "image_project",
  "metadata_client",
  "signer",
] as const;

/** Puts the variables that are set, and not empty, over the keys of their names; returns the variable by its key. */
export function applyEnvironment(document: Table, env: Environment): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const key of OVERRIDABLE) {
    const variable = key.toUpperCase();
    const value = env[variable];
    if (value === undefined || value === "") continue;
    document[key] = value;
    variables.set(key, variable);
  }
  return variables;
}

/**
 * The one platform of single-target mode: linux and amd64 where only the other is set. Undefined where neither variable
 * is. Throws `config`.
 */
export function targetPlatform(env: Environment): Platform | undefined {
  const os = env["VOUCHER_TARGET_OS"] || undefined;
  const architecture = env["VOUCHER_TARGET_ARCH"] || undefined;
  if (os === undefined && architecture === undefined) return undefined;
  const text = `${os ?? "linux"}/${architecture ?? "amd64"}`;
  try {
    if (os?.includes("/")) throw new VoucherError("usage", "an operating system has no slash in its name");
    return parsePlatform(text);
  } catch (cause) {
    const names = "VOUCHER_TARGET_OS and VOUCHER_TARGET_ARCH";
    throw new VoucherError(
      "config",
      `${JSON.stringify(text.slice(0, 200))} is no platform; set ${names} as in linux and arm64`,
      { cause },
    );
  }
}
