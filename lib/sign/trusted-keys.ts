import { readFile } from "node:fs/promises";
import { VoucherError } from "../errors.ts";
import type { TrustedKey } from "./key-ring.ts";
import { isArmoredPgp, parsePgpPublicKey } from "./pgp-public-key.ts";
import { parsePublicKey } from "./public-key.ts";

/**
 * A public key that counts for a check, in PEM form or as an armored OpenPGP key; `id` where attestations know it by another
 * id than its own.
 */
export interface TrustedKeyFile {
  readonly check: string;
  readonly path: string;
  readonly id?: string;
}

/** Reads the public keys that count besides the signer's own. Throws `key` for a file that holds none. */
export async function readTrustedKeys(files: readonly TrustedKeyFile[]): Promise<readonly TrustedKey[]> {
  return Promise.all(
    files.map(async ({ check, path, id }) => {
      const text = await readFile(path, "utf8").catch((cause) => {
        throw new VoucherError("key", `the trusted key ${path} of the check ${check} cannot be read`, {
          cause,
        });
      });
      const parse = isArmoredPgp(text) ? parsePgpPublicKey : parsePublicKey;
      return { check, key: await parse(text, path, id) };
    }),
  );
}
