/** Voucher's checks by name; beside them there is one `is_<alias>` for each organisation that is configured. */
export const CHECK_NAMES = ["diy", "nobody", "snakeoil", "provenance", "approved"] as const;

const ORGANISATION = "is_";

/** The alias of an `is_<alias>` check; `undefined` for every other name. */
export function aliasOf(checkName: string): string | undefined {
  return checkName.startsWith(ORGANISATION) ? checkName.slice(ORGANISATION.length) : undefined;
}

/** The name of the check that an image's source belongs to the organisation behind `alias`. */
export function organisationCheck(alias: string): string {
  return `${ORGANISATION}${alias}`;
}
