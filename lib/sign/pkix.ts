import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { VoucherError } from "../errors.ts";
import { type KeyedSigner, noKey, refuseSharedKeys } from "./keyed-signer.ts";
import { once } from "./once.ts";
import { type PublicKey, publicKey } from "./public-key.ts";
import { schemesOf, signBy } from "./scheme.ts";

/** Where the private key of a check is kept, in PEM form. */
export interface PkixKeyFile {
  readonly check: string;
  readonly path: string;
}

interface Loaded {
  readonly publicKey: PublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * A signer with local PEM keys, one a check: ECDSA in DER form, RSA in PKCS#1 v1.5 or, for RSASSA-PSS keys, PSS.
 * The files are read once, on first use; a key volume that is mounted late is read on the next.
 */
export function createPkixSigner(
  files: readonly PkixKeyFile[],
  { allowSharedKeys = false } = {},
): KeyedSigner {
  const keys = once(() => loadAll(files, allowSharedKeys));
  return {
    async sign(checkName, bytes) {
      const key = (await keys()).get(checkName);
      if (key === undefined) throw noKey(checkName, `[[pkix_keys]] with check = "${checkName}"`);
      return { bytes: key.sign(bytes), keyId: key.publicKey.id };
    },
    async publicKeys() {
      return new Map([...(await keys())].map(([check, key]) => [check, key.publicKey]));
    },
  };
}

async function loadAll(
  files: readonly PkixKeyFile[],
  allowSharedKeys: boolean,
): Promise<ReadonlyMap<string, Loaded>> {
  const loaded = await Promise.all(files.map(async ({ check, path }) => [check, await load(path)] as const));
  if (!allowSharedKeys) refuseSharedKeys(loaded.map(([check, { publicKey }]) => [check, publicKey.id]));
  return new Map(loaded);
}

async function load(path: string): Promise<Loaded> {
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
