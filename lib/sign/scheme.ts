import { constants, type KeyObject, sign, verify } from "node:crypto";
import { VoucherError } from "../errors.ts";

/** How a key signs: the hash, and for RSA the padding. */
export interface Scheme {
  readonly hash: "sha256" | "sha384" | "sha512";
  /** PKCS#1 v1.5, or PSS with a salt as long as the hash. */
  readonly padding?: "pkcs1" | "pss";
}

const OF_CURVE: { readonly [curve: string]: Scheme } = {
  prime256v1: { hash: "sha256" },
  secp384r1: { hash: "sha384" },
  secp521r1: { hash: "sha512" },
};
const RSA_BITS: readonly number[] = [2048, 3072, 4096];
const SALT_BYTES = { sha256: 32, sha384: 48, sha512: 64 };

/**
 * The schemes that Binary Authorization knows for this kind of key; the first is the one to sign with where nothing else is
 * said. Throws `key`, naming `where`, for a kind that it refuses.
 */
export function schemesOf(key: KeyObject, where: string): readonly [Scheme, ...Scheme[]] {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const [first, ...others] = key.asymmetricKeyType === "ec" ? ofCurve(namedCurve) : ofRsa(key);
  if (first !== undefined) return [first, ...others];
  throw new VoucherError(
    "key",
    `${where} is a key of a kind that Binary Authorization does not accept (${namedCurve ?? key.asymmetricKeyType}); use EC P-256, P-384, P-521 or RSA 2048, 3072, 4096`,
  );
}

function ofCurve(namedCurve = ""): readonly Scheme[] {
  const scheme = OF_CURVE[namedCurve];
  return scheme === undefined ? [] : [scheme];
}

/** SHA-256, and SHA-512 for 4096 bits. A key for PSS alone may prescribe one of them, and also what nobody verifies. */
function ofRsa(key: KeyObject): readonly Scheme[] {
  const {
    modulusLength = 0,
    hashAlgorithm,
    mgf1HashAlgorithm,
    saltLength = 0,
  } = key.asymmetricKeyDetails ?? {};
  if (!RSA_BITS.includes(modulusLength)) return [];
  const hashes = modulusLength === 4096 ? (["sha256", "sha512"] as const) : (["sha256"] as const);
  if (key.asymmetricKeyType === "rsa") {
    return hashes.flatMap((hash) => [
      { hash, padding: "pkcs1" as const },
      { hash, padding: "pss" as const },
    ]);
  }
  if (key.asymmetricKeyType !== "rsa-pss") return [];
  return hashes
    .filter((hash) => [hashAlgorithm ?? hash, mgf1HashAlgorithm ?? hash].every((said) => said === hash))
    .filter((hash) => saltLength <= SALT_BYTES[hash])
    .map((hash) => ({ hash, padding: "pss" as const }));
}

/** Returns the signature of `key` over `bytes`: for EC in DER, as Binary Authorization reads it. */
export function signBy({ hash, padding }: Scheme, key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(hash, bytes, { key, dsaEncoding: "der", ...optionsOf(padding) });
}

/** Whether `signature` is one over `bytes`. ECDSA is accepted in DER and in IEEE P1363 form. Never throws. */
export function verifiesBy(
  { hash, padding }: Scheme,
  key: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (["der", "ieee-p1363"] as const).some((dsaEncoding) => {
    try {
      return verify(hash, bytes, { key, dsaEncoding, ...optionsOf(padding) }, signature);
    } catch {
      return false; // bytes that are no signature at all
    }
  });
}

function optionsOf(padding: Scheme["padding"]) {
  // Node's own default for the salt of PSS is the longest that fits.
  return padding === "pss"
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
}
