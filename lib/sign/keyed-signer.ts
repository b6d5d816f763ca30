import { VoucherError } from "../errors.ts";
import type { Signer } from "../ports.ts";
import type { PublicKey } from "./public-key.ts";

/** A signer that has a key a check, and gives out the public halves. */
export interface KeyedSigner extends Signer {
  /** The public keys by check, those that cannot be read included. Throws `key` where two checks share one without leave. */
  publicKeys(): Promise<ReadonlyMap<string, PublicKey>>;
}

/** The error of a check that was given no key; `setting` is where one is to be added. */
export function noKey(checkName: string, setting: string): VoucherError {
  return new VoucherError("key", `no key is configured for the check ${checkName}; add ${setting}`);
}

/**
 * Throws `key` where two checks have one key. The signed payload does not name the check, so with one key an attestation
 * of either would pass for the other.
 */
export function refuseSharedKeys(keys: Iterable<readonly [check: string, keyId: string]>): void {
  const owners = new Map<string, string>();
  for (const [check, keyId] of keys) {
    const owner = owners.get(keyId) ?? check;
    owners.set(keyId, owner);
    if (owner === check) continue;
    throw new VoucherError(
      "key",
      `the checks ${owner} and ${check} share one key, so an attestation of either would count for both; give each its own, or set allow_shared_keys`,
    );
  }
}
