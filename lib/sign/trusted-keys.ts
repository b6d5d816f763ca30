import { readFile } from "node:fs/promises";
import { VoucherError } from "../errors.ts";
import type { TrustedKey } from "./key-ring.ts";
import { parsePublicKey } from "./public-key.ts";

/** A public key in PEM form that counts for a check; `id` where attestations know it by another than its PKIX id. */
export interface TrustedKeyFile {
  readonly check: string;
  readonly path: string;
  readonly id?: string;
}

/** Reads the public keys that count besides the signer's own. Throws `key` for a file that holds none. */
export async function readTrustedKeys(files: readonly TrustedKeyFile[]): Promise<readonly TrustedKey[]> {
  return Promise.all(
    files.map(async ({ check, path, id }) => {
      const pem = await readFile(path, "utf8").catch((cause) => {
        throw new VoucherError("key", `the trusted key ${path} of the check ${check} cannot be read`, {
          cause,
        });
      });
      return { check, key: parsePublicKey(pem, path, id) };
    }),
  );
}
