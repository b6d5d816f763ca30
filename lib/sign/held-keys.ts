import { VoucherError } from "../errors.ts";
import { type KeyedSigner, noKey, refuseSharedKeys } from "./keyed-signer.ts";
import { type PublicKey, unreadableKey } from "./public-key.ts";

/** A private key that this process holds itself. */
export interface HeldKey {
  readonly publicKey: PublicKey;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** The key of a check, or why it cannot be read. */
export type Found = readonly [check: string, key: HeldKey | VoucherError];

export interface HeldKeysOptions {
  /** Where a check is given a key: what its error says to add. */
  readonly settingOf: (checkName: string) => string;
  readonly allowSharedKeys: boolean;
}

/** A signer over the keys that `load` finds. One that cannot be read is in the way of its own check only. */
export function heldKeysSigner(
  load: () => Promise<readonly Found[]>,
  { settingOf, allowSharedKeys }: HeldKeysOptions,
): KeyedSigner {
  async function keys(): Promise<ReadonlyMap<string, Found[1]>> {
    const found = await load();
    if (!allowSharedKeys) refuseSharedKeys(found.flatMap(idIn));
    return new Map(found);
  }
  return {
    async sign(checkName, bytes) {
      const key = (await keys()).get(checkName);
      if (key === undefined) throw noKey(checkName, settingOf(checkName));
      if (key instanceof VoucherError) throw key;
      return { bytes: await key.sign(bytes), keyId: key.publicKey.id };
    },
    async publicKeys() {
      return new Map([...(await keys())].map(([check, key]) => [check, publicHalf(key)]));
    },
  };
}

function idIn([check, key]: Found): readonly (readonly [string, string])[] {
  return key instanceof VoucherError ? [] : [[check, key.publicKey.id]];
}

function publicHalf(key: Found[1]): PublicKey {
  return key instanceof VoucherError ? unreadableKey(key) : key.publicKey;
}
