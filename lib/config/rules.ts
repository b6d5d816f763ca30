import { aliasOf, CHECK_NAMES, isName, NAME_RULE } from "../check/names.ts";
import { ALL } from "./groups.ts";
import { KEY_RULES } from "./key-rules.ts";
import { knownChecks, unknownCheck } from "./known-checks.ts";
import { METRICS_RULES } from "./metrics-rules.ts";
import type { Found, Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";
import { metadataClientOf, type Overrides, platformsOf, signerOf } from "./settings.ts";

/** What the schema cannot say, since it holds between keys. */
export const RULES: readonly Rule[] = [
  { reads: ["checks", "required", "repository"], find: unknownChecks },
  { reads: ["checks"], find: customNames },
  { reads: ["required"], find: groupNames },
  { reads: ["repository"], find: aliases },
  { reads: ["platforms"], find: indexPolicy },
  { reads: ["metadata_client", "grafeasos"], find: grafeasAddress },
  { reads: ["metadata_client", "oci"], find: verifier },
  { reads: ["metadata_client", "signer"], find: signerOfSummaries },
  ...KEY_RULES,
  ...METRICS_RULES,
];

function unknownChecks(file: FileConfig): readonly Found[] {
  const known = knownChecks(file);
  const tables = { checks: file.checks ?? {}, ...prefixed("required.", file.required ?? {}) };
  return Object.entries(tables).flatMap(([table, checks]) =>
    Object.entries(checks).flatMap(([name, setting]) => {
      if (known.includes(name) || (setting === false && aliasOf(name) !== undefined)) return [];
      return [{ key: `${table}.${name}`, message: unknownCheck(name, known) }];
    }),
  );
}

function customNames(file: FileConfig): readonly Found[] {
  const custom = Object.entries(file.checks ?? {}).filter(([, setting]) => typeof setting !== "boolean");
  return custom.flatMap(([name]) => {
    const key = `checks.${name}`;
    if (isVouchers(name) || aliasOf(name) !== undefined || name === ALL) {
      return [{ key, message: "is the name of a check or group of Voucher's; call your own otherwise" }];
    }
    return isName(name) ? [] : [{ key, message: `a check's name ${NAME_RULE}` }];
  });
}

function groupNames(file: FileConfig): readonly Found[] {
  return Object.keys(file.required ?? {}).flatMap((group) => {
    const key = `required.${group}`;
    if (group === ALL) return [{ key, message: "is the group of [checks]; call this one otherwise" }];
    if (isVouchers(group)) return [{ key, message: "is the name of a check; call the group otherwise" }];
    return isName(group) ? [] : [{ key, message: `a group's name ${NAME_RULE}` }];
  });
}

function aliases(file: FileConfig): readonly Found[] {
  return Object.keys(file.repository ?? {}).flatMap((alias) =>
    isName(alias) ? [] : [{ key: `repository.${alias}`, message: `an alias ${NAME_RULE}` }],
  );
}

function indexPolicy(file: FileConfig, overrides: Overrides): readonly Found[] {
  const { select, index } = platformsOf(file, overrides);
  if (select === "all" || index !== "all") return [];
  const message =
    'must be "selected" or "never" where platforms.select names platforms; "all" would need every one reviewed';
  return [{ key: "platforms.index", message }];
}

function grafeasAddress(file: FileConfig): readonly Found[] {
  if (metadataClientOf(file) !== "grafeasos" || file.grafeasos?.hostname !== undefined) return [];
  const message = 'is missing: metadata_client is "grafeasos"; write its URL, as in "http://grafeas:8080"';
  return [{ key: "grafeasos.hostname", message }];
}

function verifier(file: FileConfig): readonly Found[] {
  if (metadataClientOf(file) !== "oci" || file.oci?.verifier_id !== undefined) return [];
  const message =
    'is missing: metadata_client is "oci"; write a URI that names this Voucher in what it signs, as in "https://voucher.example.com"';
  return [{ key: "oci.verifier_id", message }];
}

function signerOfSummaries(file: FileConfig): readonly Found[] {
  if (metadataClientOf(file) !== "oci" || signerOf(file) !== "pgp") return [];
  const message =
    'must be "kms" or "pkix" where metadata_client is "oci": whoever reads attestations from a registry knows no OpenPGP signatures';
  return [{ key: "signer", message }];
}

function isVouchers(name: string): boolean {
  return CHECK_NAMES.some((own) => own === name);
}

function prefixed<Value>(
  prefix: string,
  object: { readonly [name: string]: Value },
): { [name: string]: Value } {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [`${prefix}${name}`, value]));
}
