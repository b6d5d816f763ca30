import type { Attestation, Signature, StoredAttestation } from "./attest/attestation.ts";
import type { VoucherError } from "./errors.ts";
import type { ImageConfig } from "./image/image-config.ts";
import type { Canonical, Reference } from "./image/reference.ts";
import type { PlatformImage, ResolvedImage } from "./image/resolved.ts";

/** Turns names into images: every platform of an index, every byte verified against its digest. */
export interface Resolver {
  /**
   * Returns what `reference` names. A child that cannot be read is part of the answer; a fault of the named content
   * itself is thrown as a VoucherError.
   */
  resolve(reference: Reference, signal: AbortSignal): Promise<ResolvedImage>;
}

/** Facts about one platform image, each fetched once however many checks ask. */
export interface Evidence {
  readonly image: PlatformImage;
  /** The moment of the review, for everything that expires. */
  readonly at: Date;
  imageConfig(): Promise<ImageConfig>;
}

/** Gathers evidence for a whole review, so that it can ask in batches. */
export interface EvidenceSource {
  /** Returns the evidence of each image, in their order. Nothing is asked for before a check needs it. */
  of(images: readonly PlatformImage[], signal: AbortSignal): readonly Evidence[];
}

/** Signs for a check, with that check's own key. */
export interface Signer {
  /** Throws `key` where the check has no usable key. */
  sign(checkName: string, bytes: Uint8Array, signal: AbortSignal): Promise<Signature>;
}

/** Whether a signature is one of a key that this configuration trusts for a check. */
export type KeyVerdict =
  | { readonly counts: true; readonly keyId: string }
  | { readonly counts: false; readonly reason: string };

/** The keys that are trusted, each for its check. */
export interface KeyRing {
  verify(
    checkName: string,
    bytes: Uint8Array,
    signature: Signature,
    signal: AbortSignal,
  ): Promise<KeyVerdict>;
}

/** An attestation to store, and the stored one whose place it takes, where there is one. */
export interface Put {
  readonly attestation: Attestation;
  readonly replaces?: { readonly stored: StoredAttestation; readonly keep: readonly Signature[] };
}

/** What became of one {@link Put}. `conflict`: another attestation stands in its place. */
export type PutAnswer =
  | { readonly status: "stored" | "conflict" }
  | { readonly status: "failed"; readonly error: VoucherError };

/** Where attestations live. It stores and finds; it never judges. */
export interface AttestationStore {
  /** The bytes to sign, to say in this store's format that `subject` passed `checkName`. */
  document(checkName: string, subject: Canonical): Uint8Array;
  /** Every attestation of the named checks on the named digests, whoever made it. */
  list(
    subjects: readonly Canonical[],
    checkNames: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly StoredAttestation[]>;
  /** Stores each one that it can; answers in the order of `puts` and never throws for a single one. */
  put(puts: readonly Put[], signal: AbortSignal): Promise<readonly PutAnswer[]>;
}

export interface Clock {
  now(): Date;
  /** A signal that aborts after `milliseconds`. */
  deadline(milliseconds: number): AbortSignal;
}

export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/** Is told what happens; changes nothing. */
export interface Observer {
  /** `message` is constant text, so that entries group; what varies stands in `fields`. */
  record(severity: Severity, message: string, fields: { readonly [name: string]: unknown }): void;
}
