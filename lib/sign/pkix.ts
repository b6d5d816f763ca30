import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { asVoucherError, VoucherError } from "../errors.ts";
import { loadOnce } from "../once.ts";
import { type HeldKey, heldKeysSigner } from "./held-keys.ts";
import type { KeyedSigner } from "./keyed-signer.ts";
import { publicKey } from "./public-key.ts";
import { schemesOf, signBy } from "./scheme.ts";

/** Where the private key of a check is kept, in PEM form. */
export interface PkixKeyFile {
  readonly check: string;
  readonly path: string;
}

/**
 * A signer with local PEM keys, one a check: ECDSA in DER form, RSA in PKCS#1 v1.5 or, for RSASSA-PSS keys, PSS.
 * Each file is read once, on first use; a key volume that is mounted late is read on the next. One that cannot be read is
 * in the way of its own check only.
 */
export function createPkixSigner(
  files: readonly PkixKeyFile[],
  { allowSharedKeys = false } = {},
): KeyedSigner {
  const keys = files.map(({ check, path }) => [check, loadOnce(() => load(path))] as const);
  const read = () =>
    Promise.all(keys.map(async ([check, key]) => [check, await key().catch(asVoucherError)] as const));
  return heldKeysSigner(read, {
    settingOf: (check) => `[[pkix_keys]] with check = "${check}"`,
    allowSharedKeys,
  });
}

async function load(path: string): Promise<HeldKey> {
  const key = await readPrivateKey(path);
  const [scheme] = schemesOf(key, path);
  return {
    publicKey: publicKey(createPublicKey(key), path),
    sign: (bytes) => signBy(scheme, key, bytes),
  };
}

async function readPrivateKey(path: string): Promise<KeyObject> {
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (cause) {
    throw new VoucherError(
      "key",
      `the key file ${path} cannot be read; make one with: voucher keys generate`,
      { cause },
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new VoucherError("key", `${path} holds no private key in PEM form without passphrase`, { cause });
  }
}
