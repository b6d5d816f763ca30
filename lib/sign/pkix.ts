import { constants, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { VoucherError } from "../errors.ts";
import type { Signer } from "../ports.ts";
import { hashFor, type PublicKey, publicKey } from "./public-key.ts";

/** Where the private key of a check is kept, in PEM form. */
export interface PkixKeyFile {
  readonly check: string;
  readonly path: string;
}

/** A signer whose keys this process holds, and the public halves of those keys. */
export interface PkixSigner extends Signer {
  /** The public keys by check. Throws `key` where a file is unusable or two checks share a key without leave. */
  publicKeys(): Promise<ReadonlyMap<string, PublicKey>>;
}

interface Loaded {
  readonly publicKey: PublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * A signer with local PEM keys, one a check: ECDSA in DER form, RSA in PKCS#1 v1.5 or, for RSASSA-PSS keys, PSS.
 * The files are read once, on first use.
 */
export function createPkixSigner(
  files: readonly PkixKeyFile[],
  { allowSharedKeys = false } = {},
): PkixSigner {
  let loading: Promise<ReadonlyMap<string, Loaded>> | undefined;
  const keys = () => {
    loading ??= loadAll(files, allowSharedKeys).catch((fault) => {
      loading = undefined; // a key volume that is mounted late is read on the next use
      throw fault;
    });
    return loading;
  };
  return {
    async sign(checkName, bytes) {
      const key = (await keys()).get(checkName);
      if (key === undefined) {
        throw new VoucherError(
          "key",
          `no key is configured for the check ${checkName}; add [[pkix_keys]] with check = "${checkName}"`,
        );
      }
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
  const owners = new Map<string, string>();
  for (const [check, { publicKey }] of loaded) {
    const owner = owners.get(publicKey.id);
    if (owner !== undefined && owner !== check && !allowSharedKeys) {
      throw new VoucherError(
        "key",
        `the checks ${owner} and ${check} share one key, so an attestation of either would count for both; give each its own, or set allow_shared_keys`,
      );
    }
    owners.set(publicKey.id, check);
  }
  return new Map(loaded);
}

async function load(path: string): Promise<Loaded> {
  const key = await readPrivateKey(path);
  const hash = hashFor(key, path);
  const half = publicKey(createPublicKey(key), path);
  const padding =
    key.asymmetricKeyType === "rsa-pss"
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : {};
  return {
    publicKey: half,
    sign: (bytes) => sign(hash, bytes, { key, dsaEncoding: "der", ...padding }),
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
