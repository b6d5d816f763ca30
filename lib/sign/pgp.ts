import { type KeyedSigner, noKey, refuseSharedKeys } from "./keyed-signer.ts";
import { once } from "./once.ts";
import { type PgpPrivateKey, readPgpPrivateKey } from "./pgp-private-key.ts";

/** The OpenPGP key that signs for a check, as the secrets have it. */
export interface PgpKey {
  readonly check: string;
  readonly armoredKey: string;
  readonly passphrase?: string;
}

/**
 * A signer with OpenPGP keys, one a check; `load` returns them and is asked on first use, as is the library. Its signatures
 * are armored messages that contain what they sign, with SHA-512, as `gpg --sign --armor` makes them: by the newest subkey
 * that may sign, else by the primary key, and under the fingerprint of the primary key either way.
 */
export function createPgpSigner(
  load: () => Promise<readonly PgpKey[]> | readonly PgpKey[],
  { allowSharedKeys = false } = {},
): KeyedSigner {
  const keys = once(async () => readAll(await load(), allowSharedKeys));
  return {
    async sign(checkName, bytes) {
      const key = (await keys()).get(checkName);
      if (key === undefined) throw noKey(checkName, `${settingOf(checkName)} to the secrets`);
      return { bytes: await key.sign(bytes), keyId: key.publicKey.id };
    },
    async publicKeys() {
      return new Map([...(await keys())].map(([check, { publicKey }]) => [check, publicKey]));
    },
  };
}

async function readAll(
  keys: readonly PgpKey[],
  allowSharedKeys: boolean,
): Promise<ReadonlyMap<string, PgpPrivateKey>> {
  const read = await Promise.all(
    keys.map(async ({ check, armoredKey, passphrase }) => {
      return [check, await readPgpPrivateKey(armoredKey, passphrase, settingOf(check))] as const;
    }),
  );
  if (!allowSharedKeys) refuseSharedKeys(read.map(([check, { publicKey }]) => [check, publicKey.id]));
  return new Map(read);
}

function settingOf(check: string): string {
  return `openpgpkeys.${check}`;
}
