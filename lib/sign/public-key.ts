import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { VoucherError } from "../errors.ts";
import { type Scheme, schemesOf, verifiesBy } from "./scheme.ts";

/** A key that signatures are verified with, and how. */
export interface PublicKey {
  /** As attestations name it; empty where the key cannot be read. */
  readonly id: string;
  /** Why the key cannot be read just now. */
  readonly unreadable?: VoucherError;
  /**
   * Whether `signature` over `bytes` was made with this key; whatever the bytes are, that is no fault. Throws where the
   * key itself cannot be got from where it is kept: `key` where that is for good.
   */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** As an attestor is given it: SubjectPublicKeyInfo in PEM form, or an armored OpenPGP key. Throws as `verifies` does. */
  text(): string | Promise<string>;
}

/** What stands for a key that cannot be read: it verifies nothing, and says why. */
export function unreadableKey(fault: VoucherError): PublicKey {
  const refuse = () => {
    throw fault;
  };
  return { id: "", unreadable: fault, verifies: refuse, text: refuse };
}

/** `ni:///sha-256;…` over the DER SubjectPublicKeyInfo (RFC 6920), as Binary Authorization names PKIX keys. */
export function pkixKeyId(publicKey: KeyObject): string {
  const hash = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  return `ni:///sha-256;${hash.digest("base64url")}`;
}

/** How a Sigstore bundle hints at a key: base64 of SHA-256 over the DER SubjectPublicKeyInfo that `pem` holds. */
export function keyHint(pem: string): string {
  const der = createPublicKey(pem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64");
}

/**
 * Reads a public key from PEM (a private key's PEM gives its public half). `where` names it in errors; `id` replaces
 * the PKIX key id, for keys that attestations know by another name. Throws `key`.
 */
export function parsePublicKey(pem: string, where: string, id?: string, scheme?: Scheme): PublicKey {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new VoucherError("key", `${where} holds no public key in PEM form`, { cause });
  }
  return publicKey(key, where, id, scheme);
}

/**
 * The verifying side of `key`: by `scheme` alone where one is given, else by each that Binary Authorization knows for such
 * a key. ECDSA signatures are accepted in DER and in IEEE P1363 form. Throws `key` for a kind of key that it refuses.
 */
export function publicKey(key: KeyObject, where: string, id?: string, scheme?: Scheme): PublicKey {
  const known = schemesOf(key, where);
  const schemes = scheme === undefined ? known : [scheme];
  return {
    id: id ?? pkixKeyId(key),
    verifies: (bytes, signature) => schemes.some((one) => verifiesBy(one, key, bytes, signature)),
    text: () => key.export({ type: "spki", format: "pem" }).toString(),
  };
}
