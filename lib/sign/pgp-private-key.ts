import type { PrivateKey } from "openpgp";
import { VoucherError } from "../errors.ts";
import { loadOnce } from "../once.ts";
import { onlyKey, pgpPublicKey } from "./pgp-public-key.ts";
import type { PublicKey } from "./public-key.ts";

/** A private key of OpenPGP. */
export interface PgpPrivateKey {
  readonly publicKey: PublicKey;
  /** Returns a signed message that contains `bytes`, armored. Throws `key` where the key cannot be unlocked, or may not sign. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Reads an armored private key; `where` names it in errors. It is unlocked when it first signs. Throws `key`. */
export async function readPgpPrivateKey(
  armored: string,
  passphrase: string | undefined,
  where: string,
): Promise<PgpPrivateKey> {
  const { readPrivateKeys } = await import("openpgp");
  const read = (armoredKeys: string) => readPrivateKeys({ armoredKeys });
  const key = await onlyKey(armored, read, where, "gpg --export-secret-keys");
  const unlocked = loadOnce(() => unlock(key, passphrase, where));
  return {
    publicKey: pgpPublicKey(key),
    async sign(bytes) {
      return signAttached(await unlocked(), bytes, where);
    },
  };
}

async function unlock(key: PrivateKey, passphrase: string | undefined, where: string): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === undefined) {
    throw new VoucherError(
      "key",
      `${where} is locked, and its passphrase is missing; put that beside it, or export the key without one`,
    );
  }
  const { decryptKey } = await import("openpgp");
  return decryptKey({ privateKey: key, passphrase }).catch((cause: unknown) => {
    throw new VoucherError("key", `${where} cannot be unlocked: ${wordsOf(cause)}`, { cause });
  });
}

async function signAttached(key: PrivateKey, bytes: Uint8Array, where: string): Promise<Uint8Array> {
  const { createMessage, enums, sign } = await import("openpgp");
  try {
    // What the key says its owner likes to receive; the library takes it for what it is to sign with.
    const { selfCertification } = await key.getPrimaryUser();
    selfCertification.preferredHashAlgorithms = [enums.hash.sha512];
    const message = await createMessage({ binary: bytes, format: "binary" });
    const armored: string = await sign({ message, signingKeys: key, format: "armored" });
    return new TextEncoder().encode(armored);
  } catch (cause) {
    throw new VoucherError("key", `${where} cannot sign: ${wordsOf(cause)}; put a key there that can`, {
      cause,
    });
  }
}

/** The library's own sentence: that a key is expired or revoked, for example, or that a passphrase is wrong. */
function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/^Error [^:]+: |\.$/g, "") : String(cause);
}
