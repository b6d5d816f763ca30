import { asVoucherError, VoucherError } from "../errors.ts";
import { loadOnce } from "../once.ts";
import { type Found, heldKeysSigner } from "./held-keys.ts";
import type { KeyedSigner } from "./keyed-signer.ts";
import { readPgpPrivateKey } from "./pgp-private-key.ts";

/** The OpenPGP key that signs for a check, as the secrets have it. */
export interface PgpKey {
  readonly check: string;
  readonly armoredKey: string;
  readonly passphrase?: string;
}

/**
 * A signer with OpenPGP keys, one a check; `load` returns them and is asked on first use, as is the library, and again while
 * one of them cannot be read: that one is in the way of its own check only. Its signatures are armored messages that
 * contain what they sign, with SHA-512, as `gpg --sign --armor` makes them: by the newest subkey that may sign, else by the
 * primary key, and under the fingerprint of the primary key either way.
 */
export function createPgpSigner(
  load: () => Promise<readonly PgpKey[]> | readonly PgpKey[],
  { allowSharedKeys = false } = {},
): KeyedSigner {
  const keys = loadOnce(
    async () => Promise.all((await load()).map(read)),
    (found) => !found.some(([, key]) => key instanceof VoucherError),
  );
  return heldKeysSigner(keys, {
    settingOf: (check) => `${settingOf(check)} to the secrets`,
    allowSharedKeys,
  });
}

async function read({ check, armoredKey, passphrase }: PgpKey): Promise<Found> {
  return [check, await readPgpPrivateKey(armoredKey, passphrase, settingOf(check)).catch(asVoucherError)];
}

function settingOf(check: string): string {
  return `openpgpkeys.${check}`;
}
