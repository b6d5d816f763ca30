/** Voucher's checks by name; beside them there is one `is_<alias>` for each organisation that is configured. */
export const CHECK_NAMES = ["diy", "nobody", "snakeoil", "provenance", "approved"] as const;

const ORGANISATION = "is_";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What {@link isName} holds a name to, in words. */
export const NAME_RULE = "has small letters, digits, dots, dashes and underscores, 63 at the most";

/** Whether a check of one's own, a group of checks or an organisation may be called `text`. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Whether any check may be called `text`, an `is_<alias>` included. */
export function isCheckName(text: string): boolean {
  return isName(aliasOf(text) ?? text);
}

/** The alias of an `is_<alias>` check; `undefined` for every other name. */
export function aliasOf(checkName: string): string | undefined {
  return checkName.startsWith(ORGANISATION) ? checkName.slice(ORGANISATION.length) : undefined;
}

/** The name of the check that an image's source belongs to the organisation behind `alias`. */
export function organisationCheck(alias: string): string {
  return `${ORGANISATION}${alias}`;
}
