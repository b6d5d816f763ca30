import { VoucherError } from "../errors.ts";
import type { Scheme } from "./scheme.ts";

/** A signing algorithm of Cloud KMS: its scheme, and the kind of key that signs so. */
export interface KmsAlgorithm extends Scheme {
  /** As node:crypto calls it: `prime256v1` for its curve, `2048` for the bits of an RSA key. */
  readonly key: string | number;
}

/** Those that Binary Authorization knows. secp256k1, Ed25519, raw and post-quantum ones it does not. */
const ALGORITHMS: ReadonlyMap<string, KmsAlgorithm> = new Map<string, KmsAlgorithm>([
  ["EC_SIGN_P256_SHA256", { key: "prime256v1", hash: "sha256" }],
  ["EC_SIGN_P384_SHA384", { key: "secp384r1", hash: "sha384" }],
  ["RSA_SIGN_PSS_2048_SHA256", { key: 2048, hash: "sha256", padding: "pss" }],
  ["RSA_SIGN_PSS_3072_SHA256", { key: 3072, hash: "sha256", padding: "pss" }],
  ["RSA_SIGN_PSS_4096_SHA256", { key: 4096, hash: "sha256", padding: "pss" }],
  ["RSA_SIGN_PSS_4096_SHA512", { key: 4096, hash: "sha512", padding: "pss" }],
  ["RSA_SIGN_PKCS1_2048_SHA256", { key: 2048, hash: "sha256", padding: "pkcs1" }],
  ["RSA_SIGN_PKCS1_3072_SHA256", { key: 3072, hash: "sha256", padding: "pkcs1" }],
  ["RSA_SIGN_PKCS1_4096_SHA256", { key: 4096, hash: "sha256", padding: "pkcs1" }],
  ["RSA_SIGN_PKCS1_4096_SHA512", { key: 4096, hash: "sha512", padding: "pkcs1" }],
]);

/** Reads a key version's algorithm. Throws `key`, naming `version`, for one that no attestation can be signed with. */
export function kmsAlgorithm(name: string, version: string): KmsAlgorithm {
  const algorithm = ALGORITHMS.get(name);
  if (algorithm !== undefined) return algorithm;
  throw new VoucherError(
    "key",
    `the key version ${version} is one for ${name}, which signs no attestation; make a key of the purpose asymmetric signing with EC_SIGN_P256_SHA256, EC_SIGN_P384_SHA384, or RSA_SIGN_PSS_ or RSA_SIGN_PKCS1_ with 2048, 3072 or 4096 bits`,
  );
}

/** Whether `algo`, as Voucher's configuration has it (`SHA256`) or in Cloud KMS's own words, speaks of `name`. */
export function isAlgo(algo: string, name: string): boolean {
  return [name, ALGORITHMS.get(name)?.hash.toUpperCase()].includes(algo.toUpperCase());
}
