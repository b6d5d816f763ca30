import { aliasOf, CHECK_NAMES, organisationCheck } from "../check/names.ts";
import { enabledIn } from "./groups.ts";
import { nearest } from "./nearest.ts";
import { show } from "./problems.ts";
import type { FileConfig } from "./schema.ts";

/** A check that a file names, and the key that does so. */
export interface NamedCheck {
  readonly name: string;
  readonly key: string;
}

/** Every check that is switched on, in `[checks]` or in any group. */
export function enabledChecks(file: FileConfig): readonly NamedCheck[] {
  return [
    ...enabledIn(file.checks).map((name) => ({ name, key: `checks.${name}` })),
    ...Object.entries(file.required ?? {}).flatMap(([group, checks]) =>
      enabledIn(checks).map((name) => ({ name, key: `required.${group}.${name}` })),
    ),
  ];
}

/** The names that a check may be called by in this file: Voucher's, one for each organisation, and one's own. */
export function knownChecks(file: FileConfig): readonly string[] {
  const custom = Object.entries(file.checks ?? {}).flatMap(([name, setting]) =>
    typeof setting === "boolean" ? [] : [name],
  );
  return [...CHECK_NAMES, ...Object.keys(file.repository ?? {}).map(organisationCheck), ...custom];
}

/** What to say of a check that is none of `known`. */
export function unknownCheck(name: string, known: readonly string[]): string {
  const alias = aliasOf(name);
  if (alias) return `needs a table [repository.${alias}] with org-url`;
  return `is no known check; the nearest is ${show(nearest(name, known))}`;
}
