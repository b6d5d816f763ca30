/** The type of the CloudEvents that tell of verdicts. */
export const VERDICT_EVENT_TYPE = "dev.voucher.verdict.v1";

/** One thing that spoke against an image, such as a vulnerability. */
export interface Finding {
  /** `CVE-…`, `GHSA-…` and others. */
  readonly id: string;
  readonly severity: string;
  readonly package: string;
  readonly fixedIn?: string;
}

/** One check's answer, as the CLI, the API and verdict events give it. */
export interface Result {
  readonly name: string;
  readonly status: "pass" | "fail" | "pending" | "error";
  /** Whether the check passed. */
  readonly success: boolean;
  /** Whether an attestation that counts exists. */
  readonly attested: boolean;
  /** For people: what is wrong and what to do about it. */
  readonly error?: string;
  readonly findings?: readonly Finding[];
  /** The attestation that counts, in Voucher's own form. */
  readonly details?: {
    readonly CheckName: string;
    readonly Body: string;
    readonly Signature: string;
    readonly KeyID: string;
  };
}

export interface PlatformVerdict {
  readonly platform: string;
  readonly digest: string;
  readonly success: boolean;
  readonly attested: boolean;
  readonly results: readonly Result[];
}

/** The answer about a whole image. */
export interface Verdict {
  readonly image: string;
  readonly tag?: string;
  readonly kind: "index" | "image" | "artifact";
  /** Every check passed and, unless it was a dry run, everything owed is attested. */
  readonly success: boolean;
  /** Every attestation owed exists; where nothing passed, nothing is attested. */
  readonly attested: boolean;
  readonly results: readonly Result[];
  readonly platforms: readonly PlatformVerdict[];
  readonly skipped: readonly { readonly digest: string; readonly reason: string }[];
  /** The platforms that some check does not cover and has no result for, such as those that are never scanned. */
  readonly unscanned?: readonly string[];
}
