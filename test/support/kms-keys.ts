import {
  constants,
  createECDH,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomBytes,
} from "node:crypto";

export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** The algorithms of Cloud KMS that Binary Authorization knows. */
export const ALGORITHMS = [
  "EC_SIGN_P256_SHA256",
  "EC_SIGN_P384_SHA384",
  ...["PSS", "PKCS1"].flatMap((padding) =>
    ["2048_SHA256", "3072_SHA256", "4096_SHA256", "4096_SHA512"].map((rest) => `RSA_SIGN_${padding}_${rest}`),
  ),
];

const CURVES = { P256: "prime256v1", P384: "secp384r1", SECP256K1: "secp256k1" };
const ORDERS = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};
/** The DER of `DigestInfo` before the digest itself (RFC 8017, section 9.2). */
const DIGEST_INFO = {
  sha256: "3031300d060960864801650304020105000420",
  sha512: "3051300d060960864801650304020305000440",
};

/** The hash that an algorithm's name ends with. */
export function hashOf(algorithm: string): string {
  return /SHA\d+$/.exec(algorithm)?.[0].toLowerCase() ?? "sha256";
}

/** A key of the kind that the algorithm signs with. Slow for RSA: 4096 bits take a second. */
export function pairFor(algorithm: string): Pair {
  const curve = /P256|P384|SECP256K1/.exec(algorithm)?.[0];
  if (curve !== undefined)
    return generateKeyPairSync("ec", { namedCurve: CURVES[curve as keyof typeof CURVES] });
  if (algorithm.includes("ED25519")) return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: Number(/2048|3072|4096/.exec(algorithm)?.[0] ?? 2048) });
}

const made = new Map<string, Pair>();

/** As {@link pairFor}, but the same key each time for the same kind: for many algorithms one after the other. */
export function anyPairFor(algorithm: string): Pair {
  const kind = /P\d+|\d{4}/.exec(algorithm)?.[0] ?? algorithm;
  const pair = made.get(kind) ?? pairFor(algorithm);
  made.set(kind, pair);
  return pair;
}

/** Signs a digest, as Cloud KMS does: node:crypto itself signs only what it may hash. */
export function signDigest(algorithm: string, { privateKey }: Pair, digest: Buffer): Buffer {
  if (algorithm.startsWith("EC_")) return ecdsa(privateKey, digest);
  const hash = hashOf(algorithm) as keyof typeof DIGEST_INFO;
  if (algorithm.includes("PKCS1")) {
    const info = Buffer.concat([Buffer.from(DIGEST_INFO[hash], "hex"), digest]);
    return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, info);
  }
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, pss(digest, hash, bits));
}

/** EMSA-PSS (RFC 8017, section 9.1.1) for a key of whole bytes, with a salt as long as the hash. */
function pss(digest: Buffer, hash: string, bits: number): Buffer {
  const salt = randomBytes(digest.length);
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.concat([Buffer.alloc(bits / 8 - 2 * digest.length - 2), Buffer.of(1), salt]);
  const mask = mgf1(h, block.length, hash);
  const masked = Buffer.from(block.map((byte, at) => byte ^ mask.readUInt8(at)));
  masked.writeUInt8(masked.readUInt8(0) & 0x7f, 0);
  return Buffer.concat([masked, h, Buffer.of(0xbc)]);
}

function mgf1(seed: Buffer, length: number, hash: string): Buffer {
  const counter = Buffer.alloc(4);
  const parts: Buffer[] = [];
  for (let at = 0; parts.length * seed.length < length; at += 1) {
    counter.writeUInt32BE(at);
    parts.push(createHash(hash).update(seed).update(counter).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** ECDSA (FIPS 186-5, section 6.4.1) in DER; the one multiplication of a point is left to node:crypto. */
function ecdsa(privateKey: KeyObject, digest: Buffer): Buffer {
  const curve = privateKey.asymmetricKeyDetails?.namedCurve as keyof typeof ORDERS;
  const n = ORDERS[curve];
  const d = toInteger(Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"));
  const once = createECDH(curve);
  const point = once.generateKeys();
  const r = toInteger(point.subarray(1, 1 + (point.length - 1) / 2)) % n;
  const k = toInteger(once.getPrivateKey());
  const s = (inverse(k, n) * ((toInteger(digest) + r * d) % n)) % n;
  const body = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

/** By Fermat: `n` is prime. */
function inverse(value: bigint, n: bigint): bigint {
  let [result, base] = [1n, value % n];
  for (let exponent = n - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % n;
    base = (base * base) % n;
  }
  return result;
}

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const positive = bytes.readUInt8(0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, positive.length), positive]);
}
