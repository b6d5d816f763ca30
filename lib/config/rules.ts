import { CHECK_NAMES, organisationCheck, organisationOf } from "./checks.ts";
import { ALL, enabledIn } from "./groups.ts";
import { nearest } from "./nearest.ts";
import { show } from "./problems.ts";
import type { FileConfig } from "./schema.ts";
import { hasStore, type Overrides, platformsOf, signerOf } from "./settings.ts";

/** What a rule found, at a dotted key. */
export interface Found {
  readonly key: string;
  readonly message: string;
}

/** Something that holds between settings. It is asked only where all that it reads could be read. */
export interface Rule {
  readonly reads: readonly (keyof FileConfig)[];
  find(file: FileConfig, overrides: Overrides): readonly Found[];
}

export const RULES: readonly Rule[] = [
  { reads: ["checks", "required", "repository"], find: unknownChecks },
  { reads: ["required"], find: groupNames },
  { reads: ["repository"], find: aliases },
  { reads: ["platforms"], find: indexPolicy },
  { reads: ["kms_keys", "pkix_keys", "trusted_keys", "checks", "repository"], find: keysOfUnknownChecks },
  { reads: ["kms_keys", "pkix_keys", "trusted_keys", "allow_shared_keys"], find: sharedKeys },
  { reads: ["kms_keys", "pkix_keys"], find: secondKeys },
  {
    reads: ["checks", "required", "pkix_keys", "signer", "binauth_project", "metadata_client", "dryrun"],
    find: missingKeys,
  },
];

const KEY_VERSION =
  /^projects\/[\w.:-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+\/cryptoKeyVersions\/\d+$/;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Whether `path` is the resource name of a Cloud KMS key version; the placeholders of Voucher's samples are none. */
export function isKeyVersion(path: string): boolean {
  return KEY_VERSION.test(path);
}

/** Every check that is switched on, in `[checks]` or in any group, by the keys that do so. */
export function enabledChecks(file: FileConfig): readonly { readonly name: string; readonly key: string }[] {
  const groups = Object.entries(file.required ?? {});
  return [
    ...enabledIn(file.checks).map((name) => ({ name, key: `checks.${name}` })),
    ...groups.flatMap(([group, checks]) =>
      enabledIn(checks).map((name) => ({ name, key: `required.${group}.${name}` })),
    ),
  ];
}

function knownChecks(file: FileConfig): readonly string[] {
  const custom = Object.entries(file.checks ?? {}).flatMap(([name, setting]) =>
    typeof setting === "boolean" ? [] : [name],
  );
  return [...CHECK_NAMES, ...Object.keys(file.repository ?? {}).map(organisationCheck), ...custom];
}

function unknownChecks(file: FileConfig): readonly Found[] {
  const known = knownChecks(file);
  const tables = [
    ...Object.entries(file.checks ?? {}).map(([name, setting]) => ({ name, setting, key: `checks.${name}` })),
    ...Object.entries(file.required ?? {}).flatMap(([group, checks]) =>
      Object.entries(checks).map(([name, setting]) => ({ name, setting, key: `required.${group}.${name}` })),
    ),
  ];
  return tables.flatMap(({ name, setting, key }) => {
    if (typeof setting !== "boolean") return customName(name, key);
    if (known.includes(name) || (!setting && organisationOf(name) !== undefined)) return [];
    return [{ key, message: unknownCheck(name, known) }];
  });
}

function customName(name: string, key: string): readonly Found[] {
  const taken = CHECK_NAMES.some((own) => own === name) || organisationOf(name) !== undefined || name === ALL;
  if (taken)
    return [{ key, message: "is the name of a check or group of Voucher's own; name yours otherwise" }];
  return NAME.test(name)
    ? []
    : [{ key, message: "a check's name has lower-case letters, digits, dots, dashes and underscores" }];
}

function unknownCheck(name: string, known: readonly string[]): string {
  const alias = organisationOf(name);
  if (alias) return `needs a table [repository.${alias}] with org-url`;
  return `is no known check; the nearest is ${show(nearest(name, known))}`;
}

function groupNames(file: FileConfig): readonly Found[] {
  return Object.keys(file.required ?? {}).flatMap((group) => {
    const key = `required.${group}`;
    if (group === ALL) return [{ key, message: "is the group of [checks]; name this one otherwise" }];
    if (CHECK_NAMES.some((name) => name === group))
      return [{ key, message: "is the name of a check; name the group otherwise" }];
    if (!NAME.test(group))
      return [{ key, message: "a group's name has letters, digits, dots, dashes and underscores" }];
    return [];
  });
}

function aliases(file: FileConfig): readonly Found[] {
  return Object.keys(file.repository ?? {})
    .filter((alias) => !NAME.test(alias))
    .map((alias) => ({
      key: `repository.${alias}`,
      message: "an alias has letters, digits, dots, dashes and underscores",
    }));
}

function indexPolicy(file: FileConfig, overrides: Overrides): readonly Found[] {
  const { select, index } = platformsOf(file, overrides);
  if (select === "all" || index !== "all") return [];
  const message =
    'must be "selected" or "never" where platforms.select names platforms: "all" attests an index only when every platform in it was reviewed';
  return [{ key: "platforms.index", message }];
}

function keysOfUnknownChecks(file: FileConfig): readonly Found[] {
  const known = knownChecks(file);
  return keyLists(file).flatMap(({ check, key }) =>
    known.includes(check)
      ? []
      : [{ key: `${key}.check`, message: `${show(check)} ${unknownCheck(check, known)}` }],
  );
}

/** The signed payload does not name the check, so a key for two checks lets one attestation pass for the other. */
function sharedKeys(file: FileConfig): readonly Found[] {
  if (file.allow_shared_keys === true) return [];
  const owners = new Map<string, string>();
  const keys = keyLists(file).filter(({ list, path }) => list !== "kms_keys" || isKeyVersion(path));
  return keys.flatMap(({ check, path, key }) => {
    const owner = owners.get(path) ?? check;
    owners.set(path, owner);
    if (owner === check) return [];
    const message = `is the key of ${owner} too; each check needs its own, unless allow_shared_keys = true`;
    return [{ key: `${key}.path`, message }];
  });
}

function secondKeys(file: FileConfig): readonly Found[] {
  return (["kms_keys", "pkix_keys"] as const).flatMap((list) => {
    const seen = new Set<string>();
    return (file[list] ?? []).flatMap(({ check }, index) => {
      if (!seen.has(check)) {
        seen.add(check);
        return [];
      }
      const message = `${check} has a key already; one that shall count besides it belongs in [[trusted_keys]]`;
      return [{ key: `${list}[${index}].check`, message }];
    });
  });
}

function missingKeys(file: FileConfig, overrides: Overrides): readonly Found[] {
  const dryrun = overrides.dryrun ?? file.dryrun ?? false;
  if (dryrun || signerOf(file) !== "pkix" || !hasStore(file)) return [];
  const having = new Set((file.pkix_keys ?? []).map(({ check }) => check));
  const first = new Map(
    enabledChecks(file)
      .map(({ name, key }) => [name, key] as const)
      .reverse(),
  );
  return [...first].reverse().flatMap(([name, key]) =>
    having.has(name)
      ? []
      : [
          {
            key,
            message:
              "has no key to sign with; `voucher keys generate` makes one, to be named in [[pkix_keys]]",
          },
        ],
  );
}

function keyLists(file: FileConfig) {
  return (["kms_keys", "pkix_keys", "trusted_keys"] as const).flatMap((list) =>
    (file[list] ?? []).map(({ check, path }, index) => ({ list, check, path, key: `${list}[${index}]` })),
  );
}
