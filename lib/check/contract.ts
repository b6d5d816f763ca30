import type { VoucherError } from "../errors.ts";
import type { Finding } from "../event/verdict.ts";
import type { Platform } from "../image/platform.ts";
import type { Awaiting, Evidence } from "../ports.ts";

export type { Finding };

/**
 * The judgement of one check about one image.
 *
 * - `pass`: the evidence satisfies the check. Only this is ever attested.
 * - `fail`: it does not; trying again will not help.
 * - `pending`: the evidence is not there yet; `awaiting` is what is waited for, `reason` says it to people.
 * - `error`: the question could not be answered.
 */
export type Outcome =
  | { readonly status: "pass" }
  | { readonly status: "fail"; readonly reason: string; readonly findings?: readonly Finding[] }
  | { readonly status: "pending"; readonly awaiting: Awaiting; readonly reason: string }
  | { readonly status: "error"; readonly error: VoucherError };

/** A pure judgement of evidence: no I/O, no clock, no environment. */
export interface Check {
  readonly name: string;
  /** One sentence that is true of every image that passes. */
  readonly description: string;
  /**
   * Whether it judges images of `platform`; without, it judges every one. A platform that it leaves out gets no result of
   * this check, and does not hold back its index.
   */
  covers?(platform: Platform): boolean;
  /** What it throws becomes an `error` for this check alone. */
  judge(evidence: Evidence): Promise<Outcome>;
}

export const pass: Outcome = { status: "pass" };

export function fail(reason: string, findings?: readonly Finding[]): Outcome {
  return findings === undefined ? { status: "fail", reason } : { status: "fail", reason, findings };
}

export function pending(awaiting: Awaiting, reason: string): Outcome {
  return { status: "pending", awaiting, reason };
}

export function error(error: VoucherError): Outcome {
  return { status: "error", error };
}
