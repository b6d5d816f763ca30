import type { Canonical } from "../image/reference.ts";

/** A signature and the id of the key that made it (formats: key ids as Binary Authorization writes them). */
export interface Signature {
  readonly bytes: Uint8Array;
  readonly keyId: string;
}

/** A signed statement that one digest passed one check. */
export interface Attestation {
  readonly checkName: string;
  readonly subject: Canonical;
  /** What it says, in the format of its store. */
  readonly payload: Uint8Array;
  readonly signature: Signature;
}

/** An attestation that a store holds, with every signature on it. Whether it counts is for the review to say. */
export interface StoredAttestation {
  /** The store's own name for it. */
  readonly id: string;
  readonly checkName: string;
  readonly subject: Canonical;
  readonly payload: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly createdAt?: Date;
  /** Why it is not whole, though parts of it stand: then it does not count. */
  readonly incomplete?: string;
}
