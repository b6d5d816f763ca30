import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { pkixKeyId } from "./public-key.ts";

/** A new key pair in PEM form, and the id that attestations will name it by. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
}

/** Makes an EC P-256 key pair: PKCS#8 and SubjectPublicKeyInfo, both PEM. */
export async function generatePkixKey(): Promise<KeyPair> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey, publicKey, keyId: pkixKeyId(createPublicKey(publicKey)) };
}
