import { normalize } from "node:path";
import { enabledChecks, knownChecks, unknownCheck } from "./known-checks.ts";
import { show } from "./problems.ts";
import type { Found, Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";
import { hasStore, type Overrides, signerOf } from "./settings.ts";

/** What says which checks will need a key. */
const READ_FOR_KEYS = [
  "checks",
  "required",
  "signer",
  "binauth_project",
  "metadata_client",
  "dryrun",
] as const;

/** What has to hold between signing keys and checks. */
export const KEY_RULES: readonly Rule[] = [
  { reads: ["kms_keys", "pkix_keys", "trusted_keys", "checks", "repository"], find: keysOfUnknownChecks },
  { reads: ["kms_keys", "pkix_keys", "trusted_keys", "allow_shared_keys"], find: sharedKeys },
  { reads: ["kms_keys", "pkix_keys"], find: secondKeys },
  { reads: [...READ_FOR_KEYS, "pkix_keys"], find: missingKeys },
];

/** What is accepted, since Voucher accepts it, and stops attestations. */
export const KEY_WARNINGS: readonly Rule[] = [
  { reads: [...READ_FOR_KEYS, "kms_keys"], find: missingKmsKeys },
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

function missingKeys(file: FileConfig, overrides: Overrides): readonly Found[] {
  if (signerOf(file) !== "pkix") return [];
  return keysWithout("pkix_keys", file, overrides).map((key) => ({
    key,
    message: "has no key to sign with; `voucher keys generate` makes one, to be named in [[pkix_keys]]",
  }));
}

/** Voucher's own sample has a key for two of its four checks, and it runs so: what passes the others is never attested. */
function missingKmsKeys(file: FileConfig, overrides: Overrides): readonly Found[] {
  if (signerOf(file) !== "kms") return [];
  return keysWithout("kms_keys", file, overrides).map((key) => ({
    key,
    message: "has no key in [[kms_keys]], so no image is ever attested for it",
  }));
}

/** The keys that switch on a check which `list` has no key for. A dry run and a configuration without a store sign nothing. */
function keysWithout(
  list: "pkix_keys" | "kms_keys",
  file: FileConfig,
  overrides: Overrides,
): readonly string[] {
  const dryrun = overrides.dryrun ?? file.dryrun ?? false;
  if (dryrun || !hasStore(file)) return [];
  const served = new Set((file[list] ?? []).map(({ check }) => check));
  return enabledChecks(file).flatMap(({ name, key }) => {
    if (served.has(name)) return [];
    served.add(name);
    return [key];
  });
}

function keysOf(file: FileConfig) {
  return (["kms_keys", "pkix_keys", "trusted_keys"] as const).flatMap((list) =>
    (file[list] ?? []).map(({ check, path }, index) => ({ list, check, path, key: `${list}[${index}]` })),
  );
}
