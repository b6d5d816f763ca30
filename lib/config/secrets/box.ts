import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";

/** A message for the owner of one key: NaCl's `crypto_box`, from a key pair that was made for it. */
export interface Box {
  /** The sender's public key: 32 bytes. */
  readonly from: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  readonly content: Uint8Array;
}

/** A Curve25519 private key of 32 bytes. */
export function boxPrivateKey(bytes: Uint8Array): KeyObject {
  // Node wants a public half too, and makes its own.
  const key = { kty: "OKP", crv: "X25519", d: base64url(bytes), x: base64url(bytes) };
  return createPrivateKey({ key, format: "jwk" });
}

/** The public key that belongs to a private one: 32 bytes. */
export function boxPublicKey(privateKey: KeyObject): Uint8Array {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

/** Returns what a box holds; `undefined` where it is for another key, or was changed. */
export async function openBox(
  { from, nonce, content }: Box,
  privateKey: KeyObject,
): Promise<Uint8Array | undefined> {
  const { hsalsa, xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  try {
    const key = { kty: "OKP", crv: "X25519", x: base64url(from) };
    const publicKey = createPublicKey({ key, format: "jwk" });
    const shared = diffieHellman({ privateKey, publicKey });
    // https://cr.yp.to/highspeed/naclcrypto-20090310.pdf, section 7: the shared point is hashed before it is a key.
    const hashed = new Uint32Array(8);
    hsalsa(words(Buffer.from("expand 32-byte k")), words(shared), new Uint32Array(4), hashed);
    return xsalsa20poly1305(new Uint8Array(hashed.buffer), nonce).decrypt(content);
  } catch {
    return undefined;
  }
}

/** The same bytes, seen as 32-bit words; a copy, which begins where a word may. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
