import { createHash } from "node:crypto";
import { VoucherError } from "../errors.ts";
import type { Rest } from "../google/rest.ts";
import { loadOnce } from "../once.ts";
import type { Log } from "../ports.ts";
import { untilAborted } from "../retry.ts";
import { type KeyedSigner, noKey, refuseSharedKeys } from "./keyed-signer.ts";
import { isAlgo } from "./kms-algorithm.ts";
import { createKmsClient } from "./kms-client.ts";
import { type KmsVersion, kmsKeyId, loadKmsVersion } from "./kms-version.ts";
import type { PublicKey } from "./public-key.ts";

/** The key version of Cloud KMS that signs for a check. */
export interface KmsKey {
  readonly check: string;
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N` */
  readonly path: string;
  /** What the configuration takes its algorithm for. The version's own is what counts. */
  readonly algo?: string;
}

export interface KmsSignerOptions {
  readonly keys: readonly KmsKey[];
  /** Calls the endpoint of Cloud KMS. */
  readonly rest: Rest;
  readonly allowSharedKeys?: boolean;
  readonly observer?: Log;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff?: number;
}

/**
 * A signer with keys that Cloud KMS holds, one a check. What a key version is gets asked on first use and is then kept;
 * a failure is not. A signature is verified before it is given out.
 *
 * The public keys are named by the configuration alone and are read when they are needed: one that cannot be read is in the
 * way of its own check only.
 */
export function createKmsSigner(options: KmsSignerOptions): KeyedSigner {
  const { keys, rest, allowSharedKeys = false, observer, backOff } = options;
  const client = createKmsClient(backOff === undefined ? { rest } : { rest, backOff });
  const pathOf = new Map(keys.map(({ check, path }) => [check, path]));
  const materialOf = new Map<string, string>();
  const versions = new Map<string, () => Promise<KmsVersion>>();

  function versionAt(path: string): Promise<KmsVersion> {
    const version = versions.get(path) ?? loadOnce(() => load(path));
    versions.set(path, version);
    return version();
  }

  async function load(path: string): Promise<KmsVersion> {
    const version = await loadKmsVersion(path, client);
    for (const { check, algo } of keys.filter((key) => key.path === path)) {
      materialOf.set(check, version.material);
      if (algo === undefined || isAlgo(algo, version.algorithmName)) continue;
      observer?.record("WARNING", "a key in [[kms_keys]] has another algorithm than its algo says", {
        check,
        path,
        algo,
        algorithm: version.algorithmName,
      });
    }
    return version;
  }

  /** By path before anything is asked, and by key where it is known: two versions may hold one imported key. */
  function refuseShared(): void {
    if (allowSharedKeys) return;
    refuseSharedKeys(pathOf);
    refuseSharedKeys(materialOf);
  }

  return {
    async sign(checkName, bytes, signal) {
      refuseShared();
      const path = pathOf.get(checkName);
      if (path === undefined) throw noKey(checkName, `[[kms_keys]] with check = "${checkName}"`);
      const { algorithm, publicKey } = await untilAborted(versionAt(path), signal);
      refuseShared();
      const digest = createHash(algorithm.hash).update(bytes).digest();
      const signature = await client.sign(path, algorithm.hash, digest, signal);
      if (!(await publicKey.verifies(bytes, signature))) {
        const message = `Cloud KMS signed with ${path}, and its public key does not verify what it signed`;
        throw new VoucherError("unavailable", message, { retryable: true });
      }
      return { bytes: signature, keyId: publicKey.id };
    },

    async publicKeys() {
      refuseShared();
      return new Map([...pathOf].map(([check, path]) => [check, publicKeyAt(path)]));
    },
  };

  function publicKeyAt(path: string): PublicKey {
    return {
      id: kmsKeyId(path),
      verifies: async (bytes, signature) => (await versionAt(path)).publicKey.verifies(bytes, signature),
      text: async () => (await versionAt(path)).publicKey.text(),
    };
  }
}
