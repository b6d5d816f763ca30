import type { Signature } from "../attest/attestation.ts";
import type { Input } from "../attest/claim.ts";
import type { Outcome } from "../check/contract.ts";
import type { VoucherError } from "../errors.ts";
import type { Platform } from "../image/platform.ts";
import type { Canonical, Reference } from "../image/reference.ts";
import type { Skipped } from "../image/resolved.ts";

/** An attestation that counts: what was signed, and the signature that was believed. */
export interface Counting {
  readonly payload: Uint8Array;
  readonly signature: Signature;
  readonly since?: Date;
}

/** What is known of one check on one digest. */
export interface Judgement {
  readonly checkName: string;
  readonly outcome: Outcome;
  /** All the evidence that the check looked at just now, where each of it has a digest. */
  readonly inputs?: readonly Input[];
  /** The attestation that counts, found or just stored. */
  readonly attestation?: Counting;
  /** Why an attestation that is owed could not be signed or stored. */
  readonly unstored?: VoucherError;
}

/** One platform of an image, and the judgements of the checks that cover it, in their order. */
export interface PlatformReview {
  readonly reference: Canonical;
  /** `undefined` for a child that could not be read and whose index does not say what it runs on. */
  readonly platform?: Platform;
  readonly judgements: readonly Judgement[];
  /** The checks that do not cover this platform: there is no judgement of theirs. */
  readonly uncovered?: readonly string[];
}

/** Everything a review found out. `verdict.ts` puts it into words for others; `delivery/settle.ts` decides what follows. */
export interface Review {
  /** Canonical but for an image whose host was not contacted. */
  readonly reference: Reference;
  readonly kind: "index" | "image" | "artifact";
  /** Why there was nothing to review; the judgements then are `fail` with this reason. */
  readonly outOfScope?: string;
  /** Of the image itself, one for each check: by the index policy, or, for a single image, its platform's own. */
  readonly judgements: readonly Judgement[];
  readonly platforms: readonly PlatformReview[];
  readonly skipped: readonly Skipped[];
  /** Whether the index itself is owed attestations; without, its judgements sum up the platforms. */
  readonly indexOwed: boolean;
  /** Which judgements have to have an attestation: those that passed, or, where attestations are verified, every one. */
  readonly owed: "passed" | "every";
  readonly dryRun: boolean;
}
