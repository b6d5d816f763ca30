import { constants, createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { VoucherError } from "../errors.ts";

/** A key that signatures are verified with, and how. */
export interface PublicKey {
  /** As attestations name it. */
  readonly id: string;
  /** Whether `signature` over `bytes` was made with this key. Never throws. */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** What Binary Authorization accepts, and so do we: curves and RSA sizes with their hash. */
const HASH_OF_CURVE: { readonly [curve: string]: string } = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
};
const RSA_BITS: readonly number[] = [2048, 3072, 4096];

/** The hash to sign and verify with for this kind of key. Throws `key` for a kind that Binary Authorization refuses. */
export function hashFor(key: KeyObject, where: string): string {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const hash = key.asymmetricKeyType === "ec" ? HASH_OF_CURVE[namedCurve ?? ""] : rsaHash(key);
  if (hash !== undefined) return hash;
  throw new VoucherError(
    "key",
    `${where} is a key of a kind that Binary Authorization does not accept (${namedCurve ?? key.asymmetricKeyType}); use EC P-256, P-384, P-521 or RSA 2048, 3072, 4096`,
  );
}

/** SHA-256; SHA-512 for a PSS key of 4096 bits that asks for it. A PSS key may also prescribe what nobody verifies. */
function rsaHash(key: KeyObject): string | undefined {
  const { modulusLength, hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {};
  const isRsa = key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss";
  if (!isRsa || !RSA_BITS.includes(modulusLength ?? 0)) return undefined;
  const hash = hashAlgorithm ?? "sha256";
  const allowed = hash === "sha256" || (hash === "sha512" && modulusLength === 4096);
  const prescribed =
    (mgf1HashAlgorithm ?? hash) === hash && (saltLength ?? 0) <= (hash === "sha256" ? 32 : 64);
  return allowed && prescribed ? hash : undefined;
}

/** `ni:///sha-256;…` over the DER SubjectPublicKeyInfo (RFC 6920), as Binary Authorization names PKIX keys. */
export function pkixKeyId(publicKey: KeyObject): string {
  const hash = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  return `ni:///sha-256;${hash.digest("base64url")}`;
}

/**
 * Reads a public key from PEM (a private key's PEM gives its public half). `where` names it in errors; `id` replaces
 * the PKIX key id, for keys that attestations know by another name. Throws `key`.
 */
export function parsePublicKey(pem: string, where: string, id?: string): PublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new VoucherError("key", `${where} holds no public key in PEM form`, { cause });
  }
  return publicKey(key, where, id);
}

/** The verifying side of `key`. ECDSA signatures are accepted in DER and in IEEE P1363 form. Throws `key`. */
export function publicKey(key: KeyObject, where: string, id?: string): PublicKey {
  const hash = hashFor(key, where);
  const isEc = key.asymmetricKeyType === "ec";
  const ways = isEc
    ? [
        { key, dsaEncoding: "der" as const },
        { key, dsaEncoding: "ieee-p1363" as const },
      ]
    : [
        { key },
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
      ];
  return {
    id: id ?? pkixKeyId(key),
    verifies(bytes, signature) {
      return ways.some((way) => {
        try {
          return verify(hash, bytes, way, signature);
        } catch {
          return false; // bytes that are no signature at all
        }
      });
    },
  };
}
