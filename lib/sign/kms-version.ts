import { createPublicKey } from "node:crypto";
import { VoucherError } from "../errors.ts";
import { timeLimit } from "../retry.ts";
import { type KmsAlgorithm, kmsAlgorithm } from "./kms-algorithm.ts";
import type { KmsClient } from "./kms-client.ts";
import { type PublicKey, pkixKeyId, publicKey } from "./public-key.ts";

/** A key version of Cloud KMS, as far as it can be known. */
export interface KmsVersion {
  /** Cloud KMS's own word for it. */
  readonly algorithmName: string;
  readonly algorithm: KmsAlgorithm;
  readonly publicKey: PublicKey;
  /** The id of the key itself: two versions that hold one imported key have the same. */
  readonly material: string;
}

// No segment can be "..": none leads elsewhere in a URL.
const VERSION =
  /^projects\/[A-Za-z0-9][\w.:-]*\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+\/cryptoKeyVersions\/\d+$/;

/** For reading a public key that many calls wait for, in milliseconds: the deadline of no single one may end it. */
const LONGEST_LOADING = 60_000;
const SLOW = `Cloud KMS gave no public key within ${LONGEST_LOADING / 1000} s; can it be reached from here?`;

/** The id by which Binary Authorization and Voucher name the key version `path`. */
export function kmsKeyId(path: string): string {
  return `//cloudkms.googleapis.com/v1/${path}`;
}

/** Asks what the key version `path` is. Throws `key` where it cannot sign attestations, else what `client` throws. */
export async function loadKmsVersion(path: string, client: KmsClient): Promise<KmsVersion> {
  if (!VERSION.test(path)) {
    throw new VoucherError(
      "key",
      `${JSON.stringify(path)} in [[kms_keys]] names no key version of Cloud KMS; write projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1`,
    );
  }
  const answer = await client.publicKey(path, timeLimit(LONGEST_LOADING, SLOW));
  const algorithm = kmsAlgorithm(answer.algorithm, path);
  const key = readKey(answer.pem);
  const { namedCurve, modulusLength } = key?.asymmetricKeyDetails ?? {};
  if (key === undefined || (namedCurve ?? modulusLength) !== algorithm.key) {
    throw new VoucherError(
      "key",
      `Cloud KMS gives the key version ${path} the algorithm ${answer.algorithm}, and a public key that is none for it`,
    );
  }
  return {
    algorithmName: answer.algorithm,
    algorithm,
    publicKey: publicKey(key, path, kmsKeyId(path), algorithm),
    material: pkixKeyId(key),
  };
}

function readKey(pem: string) {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}
