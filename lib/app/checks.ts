import { makeCheck } from "../check/catalog.ts";
import type { Check } from "../check/contract.ts";
import type { Config } from "../config/config.ts";
import { groupsOf } from "../config/groups.ts";
import { VoucherError } from "../errors.ts";

/**
 * The checks of the named groups and checks, each once, in order. Throws `usage` for a name that nothing bears, and for a
 * group without checks: nothing that was asked must never count as passed.
 */
export function checksOf(config: Config, names: readonly string[]): readonly Check[] {
  const groups = groupsOf(config);
  const wanted = new Set(names.flatMap((name) => groups.get(name) ?? [name]));
  if (wanted.size === 0) {
    throw new VoucherError(
      "usage",
      `the group ${names.join(", ")} has no checks; enable some under [checks], as in nobody = true`,
    );
  }
  return [...wanted].map((name) => {
    const check = makeCheck(name, config);
    if (check !== undefined) return check;
    throw new VoucherError("usage", `no check or group is called ${JSON.stringify(name)}`);
  });
}
