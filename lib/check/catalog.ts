import { VoucherError } from "../errors.ts";
import type { ValidRepos } from "../image/valid-repos.ts";
import type { VulnerabilitySeverity } from "../ports.ts";
import { type ApprovedSettings, approved } from "./approved.ts";
import type { Check } from "./contract.ts";
import { diy } from "./diy.ts";
import { aliasOf, type CHECK_NAMES } from "./names.ts";
import { nobody } from "./nobody.ts";
import { organisation } from "./organisation.ts";
import { provenance } from "./provenance.ts";
import { type SnakeoilSettings, snakeoil } from "./snakeoil.ts";
import type { BuildTrust } from "./trusted-builds.ts";

/** Everything that the checks that are built in can be told by the configuration; what is left out is at its default. */
export interface CheckSettings extends Partial<BuildTrust> {
  readonly validRepos?: ValidRepos | undefined;
  readonly failon?: VulnerabilitySeverity | undefined;
  readonly snakeoil?: Omit<SnakeoilSettings, "failOn">;
  readonly approved?: Pick<ApprovedSettings, "head">;
  /** The organisations of the `is_<alias>` checks, by alias. */
  readonly repositories?: { readonly [alias: string]: { readonly orgUrl: string } };
}

const ALL_COUNTS: Omit<SnakeoilSettings, "failOn"> = { onlyFixable: false, platforms: "all", allow: [] };

const MAKERS: { readonly [name in (typeof CHECK_NAMES)[number]]: (settings: CheckSettings) => Check } = {
  diy,
  nobody: () => nobody,
  snakeoil: ({ failon, snakeoil: settings = ALL_COUNTS }) =>
    snakeoil({ failOn: requireFailOn(failon), ...settings }),
  provenance: (settings) => provenance(trustOf(settings)),
  approved: (settings) => approved({ head: settings.approved?.head ?? "exact", ...trustOf(settings) }),
};

/**
 * Returns the check called `name`, or `undefined` where none is built in. Throws `config` where the settings lack what it
 * needs.
 */
export function makeCheck(name: string, settings: CheckSettings): Check | undefined {
  if (isBuiltIn(name)) return MAKERS[name](settings);
  const alias = aliasOf(name);
  const organisations = new Map(Object.entries(settings.repositories ?? {}));
  const found = alias === undefined ? undefined : organisations.get(alias);
  if (alias === undefined || found === undefined) return undefined;
  return organisation({ alias, orgUrl: found.orgUrl, ...trustOf(settings) });
}

function isBuiltIn(name: string): name is keyof typeof MAKERS {
  return Object.hasOwn(MAKERS, name);
}

function trustOf({ trustedBuilderIdentities = [], trustedProjects = [] }: CheckSettings): BuildTrust {
  return { trustedBuilderIdentities, trustedProjects };
}

/** Voucher has no default either: without `failon` it ends. To guess one would attest what nobody decided. */
function requireFailOn(failon: VulnerabilitySeverity | undefined): VulnerabilitySeverity {
  if (failon !== undefined) return failon;
  throw new VoucherError(
    "config",
    'snakeoil needs failon, the least severity that it fails on; write failon = "high" for high and critical',
  );
}
