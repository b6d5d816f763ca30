import { normalize } from "node:path";
import { enabledChecks, knownChecks, unknownCheck } from "./known-checks.ts";
import { show } from "./problems.ts";
import type { Found, Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";
import { hasStore, type Overrides, signerOf } from "./settings.ts";

/** What has to hold between signing keys and checks. */
export const KEY_RULES: readonly Rule[] = [
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

/** Whether `path` is the resource name of a Cloud KMS key version; the placeholders of Voucher's samples are none. */
export function isKeyVersion(path: string): boolean {
  return KEY_VERSION.test(path);
}

function keysOfUnknownChecks(file: FileConfig): readonly Found[] {
  const known = knownChecks(file);
  return keysOf(file).flatMap(({ check, key }) =>
    known.includes(check)
      ? []
      : [{ key: `${key}.check`, message: `${show(check)} ${unknownCheck(check, known)}` }],
  );
}

/** The signed payload does not name the check, so a key for two checks lets one attestation pass for the other. */
function sharedKeys(file: FileConfig): readonly Found[] {
  if (file.allow_shared_keys === true) return [];
  const owners = new Map<string, string>();
  const keys = keysOf(file).filter(({ list, path }) => list !== "kms_keys" || isKeyVersion(path));
  return keys.flatMap(({ check, path, key }) => {
    const place = normalize(path);
    const owner = owners.get(place) ?? check;
    owners.set(place, owner);
    if (owner === check) return [];
    const message = `is the key of ${owner} too; each check needs its own, unless allow_shared_keys = true`;
    return [{ key: `${key}.path`, message }];
  });
}

function secondKeys(file: FileConfig): readonly Found[] {
  const seen = new Set<string>();
  return keysOf(file).flatMap(({ list, check, key }) => {
    const signing = `${list} ${check}`;
    if (list === "trusted_keys" || !seen.has(signing)) {
      seen.add(signing);
      return [];
    }
    const message = `${show(check)} has a key already; one that counts besides it belongs in [[trusted_keys]]`;
    return [{ key: `${key}.check`, message }];
  });
}

/** A dry run signs nothing, and without a store nothing is signed either. */
function missingKeys(file: FileConfig, overrides: Overrides): readonly Found[] {
  const dryrun = overrides.dryrun ?? file.dryrun ?? false;
  if (dryrun || signerOf(file) !== "pkix" || !hasStore(file)) return [];
  const served = new Set((file.pkix_keys ?? []).map(({ check }) => check));
  return enabledChecks(file).flatMap(({ name, key }) => {
    if (served.has(name)) return [];
    served.add(name);
    return [
      {
        key,
        message: "has no key to sign with; `voucher keys generate` makes one, to be named in [[pkix_keys]]",
      },
    ];
  });
}

function keysOf(file: FileConfig) {
  return (["kms_keys", "pkix_keys", "trusted_keys"] as const).flatMap((list) =>
    (file[list] ?? []).map(({ check, path }, index) => ({ list, check, path, key: `${list}[${index}]` })),
  );
}
