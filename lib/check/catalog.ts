import type { ValidRepos } from "../image/valid-repos.ts";
import type { Check } from "./contract.ts";
import { diy } from "./diy.ts";
import { nobody } from "./nobody.ts";

/** Everything that checks can be told by the configuration. */
export interface CheckSettings {
  readonly validRepos?: ValidRepos | undefined;
}

const MAKERS: { readonly [name: string]: (settings: CheckSettings) => Check } = {
  diy,
  nobody: () => nobody,
};

/** The names of the checks that are built in, in Voucher's own order. */
export const CHECK_NAMES: readonly string[] = Object.keys(MAKERS);

/** Returns the check called `name`, or `undefined` where there is none. */
export function makeCheck(name: string, settings: CheckSettings): Check | undefined {
  return Object.hasOwn(MAKERS, name) ? MAKERS[name]?.(settings) : undefined;
}
