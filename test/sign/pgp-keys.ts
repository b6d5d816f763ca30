import {
  createMessage,
  enums,
  generateKey,
  type KeyOptions,
  readKey,
  readPrivateKey,
  reformatKey,
  revokeKey,
  sign,
} from "openpgp";

/** Both halves of an OpenPGP key, armored, and its fingerprint as attestations name it. */
export interface PgpPair {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
}

/** A new key: one P-256 key that may sign, unless `options` say otherwise. */
export async function makePgpKey(options: Partial<KeyOptions> = {}): Promise<PgpPair> {
  return withId(
    await generateKey({
      userIDs: { name: "Voucher" },
      type: "ecc",
      curve: "nistP256",
      subkeys: [],
      ...options,
      format: "armored",
    }),
  );
}

/** The same key, revoked for this reason. */
export async function revoke(
  pair: PgpPair,
  reason: "keyCompromised" | "keySuperseded" = "keyCompromised",
): Promise<PgpPair> {
  const key = await readPrivateKey({ armoredKey: pair.privateKey });
  const reasonForRevocation = { flag: enums.reasonForRevocation[reason], string: "" };
  return withId(await revokeKey({ key, reasonForRevocation, format: "armored" }));
}

/** The same key, as if it had been made to be valid for `seconds` from `date` on. */
export async function limit(pair: PgpPair, date: Date, seconds: number): Promise<PgpPair> {
  const privateKey = await readPrivateKey({ armoredKey: pair.privateKey });
  const userIDs = { name: "Voucher" };
  return withId(
    await reformatKey({ privateKey, userIDs, date, keyExpirationTime: seconds, format: "armored" }),
  );
}

/** A signed message that contains `bytes`, made at `date` by the library alone. */
export async function signedMessage(
  bytes: Uint8Array,
  pairs: readonly PgpPair[],
  { date = new Date(), detached = false } = {},
): Promise<Buffer> {
  const signingKeys = await Promise.all(
    pairs.map(({ privateKey }) => readPrivateKey({ armoredKey: privateKey })),
  );
  const message = await createMessage({ binary: bytes });
  const armored: string = await sign({ message, signingKeys, date, detached, format: "armored" });
  return Buffer.from(armored);
}

async function withId({ privateKey, publicKey }: Omit<PgpPair, "keyId">): Promise<PgpPair> {
  const key = await readKey({ armoredKey: publicKey });
  return { privateKey, publicKey, keyId: key.getFingerprint().toUpperCase() };
}
