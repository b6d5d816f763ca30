import type { Digest } from "../image/digest.ts";
import type { Canonical } from "../image/reference.ts";

/** What is to be attested: that an image passed a check. */
export interface Claim {
  readonly checkName: string;
  readonly subject: Canonical;
  /** For an index, the platforms in it that passed the check as well. */
  readonly platforms: readonly Canonical[];
  /** All the evidence that the check looked at; absent where some of it has no digest, or is not known any more. */
  readonly inputs?: readonly Input[];
}

/** Evidence that can be named by its content. */
export interface Input {
  readonly uri: string;
  readonly digest: Digest;
}

/** A kind of document: how a store says that an image passed a check, and what of that is signed. */
export interface Format {
  /** Whether the signatures of several keys stand over one payload; else each has a document of its own. */
  readonly sharesPayload: boolean;
  /** The payload that makes a claim. */
  payloadOf(claim: Claim): Uint8Array;
  /** The bytes that a signature of a payload is made over. */
  signedBytes(payload: Uint8Array): Uint8Array;
  /** Why a payload does not say that `subject` passed `checkName`, for people; `undefined` where it does. Never throws. */
  strangeness(payload: Uint8Array, checkName: string, subject: Canonical): string | undefined;
}
