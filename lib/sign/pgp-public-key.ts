import type { Key } from "openpgp";
import { VoucherError } from "../errors.ts";
import type { PublicKey } from "./public-key.ts";

/** Of a signature and of what it unpacks to, in bytes. Signed payloads are small; compressed ones may claim to be anything. */
const LARGEST = 256 * 1024;
/** By how much another machine's clock may be ahead, in milliseconds: what it signed just now is no signature of the future. */
const CLOCK_SKEW = 5 * 60_000;

/** Whether `text` is meant to be an armored OpenPGP key. */
export function isArmoredPgp(text: string): boolean {
  return /^-----BEGIN PGP /m.test(text);
}

/**
 * Reads the one armored OpenPGP key that `text` holds (of a private one, the public half). `where` names it in errors;
 * `id` replaces its fingerprint as the key id. Throws `key`.
 */
export async function parsePgpPublicKey(text: string, where: string, id?: string): Promise<PublicKey> {
  const { readKeys } = await import("openpgp");
  const key = await onlyKey(text, (armoredKeys) => readKeys({ armoredKeys }), where, "gpg --export");
  return pgpPublicKey(key, id);
}

/**
 * Returns the one key that `read` finds in `text`; `command` is what writes such a text. Throws `key`, also for several:
 * it would be left open which of them is meant.
 */
export async function onlyKey<K>(
  text: string,
  read: (armored: string) => Promise<readonly K[]>,
  where: string,
  command: string,
): Promise<K> {
  const [key, ...others] = await read(text).catch((cause: unknown) => {
    const message = `${where} holds no OpenPGP key that can be read; write one with: ${command} --armor KEY`;
    throw new VoucherError("key", message, { cause });
  });
  const blocks = text.match(/^-----BEGIN PGP /gm) ?? [];
  if (key !== undefined && others.length === 0 && blocks.length === 1) return key;
  throw new VoucherError("key", `${where} holds several OpenPGP keys; leave only the one that is meant`);
}

/** The verifying side of `key`: attached, armored signatures of it or of a subkey that may sign. */
export function pgpPublicKey(key: Key, id = pgpKeyId(key)): PublicKey {
  const publicHalf = key.toPublic();
  return {
    id,
    verifies: (bytes, signature) => verifies(publicHalf, bytes, signature),
    text: () => publicHalf.armor(),
  };
}

/** The fingerprint of the primary key in upper-case hex, as Binary Authorization and Voucher name OpenPGP keys. */
export function pgpKeyId(key: Key): string {
  return key.getFingerprint().toUpperCase();
}

/**
 * Whether `signature` is a signed message that contains exactly `bytes`, signed while the key was valid: a key that expired
 * since still vouches for what it signed before, one that was revoked as compromised for nothing. Never throws.
 */
async function verifies(key: Key, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (signature.length > LARGEST) return false;
  const { readMessage, verify } = await import("openpgp");
  const config = { maxDecompressedMessageSize: LARGEST };
  try {
    const message = await readMessage({ armoredMessage: asMessage(signature), config });
    const date = new Date(Date.now() + CLOCK_SKEW);
    const { data, signatures } = await verify({
      message,
      verificationKeys: key,
      format: "binary",
      date,
      config,
    });
    const signed: Uint8Array = data;
    if (!Buffer.from(signed).equals(bytes)) return false;
    await Promise.any(signatures.map(({ verified }) => verified));
    return true;
  } catch {
    return false; // no such message at all, or not signed with this key
  }
}

/** Voucher's library let it call the armor of its signed messages what it liked, and so it wrote PGP SIGNATURE. */
function asMessage(signature: Uint8Array): string {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(signature);
  return text.replace(/^(-----(?:BEGIN|END) PGP) SIGNATURE(?=-----\s*$)/gm, "$1 MESSAGE");
}
