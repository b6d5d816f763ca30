import { VoucherError } from "../errors.ts";
import type { Found } from "../ports.ts";
import { error, fail, type Outcome, pending } from "./contract.ts";

/** The outcome while evidence is awaited; says since when, where that is known. */
export function waitingFor({
  awaiting,
  reason,
  since,
}: Exclude<Found<unknown>, { found: unknown }>): Outcome {
  return pending(awaiting, since === undefined ? reason : `${reason}, since ${since.toISOString()}`);
}

/**
 * One pass is enough. Where there is none, a question that is still open could have been answered with one, so it
 * outranks every failure; a fault that may pass comes first.
 */
export function anyOf(outcomes: readonly Outcome[]): Outcome {
  return first(outcomes, ["pass", "retryable", "pending", "error", "fail"]);
}

/** Each must pass. A failure decides, whatever is still open. */
export function allOf(outcomes: readonly Outcome[]): Outcome {
  return first(outcomes, ["fail", "retryable", "pending", "error", "pass"]);
}

type Weight = Outcome["status"] | "retryable";

function first(outcomes: readonly Outcome[], order: readonly Weight[]): Outcome {
  for (const weight of order) {
    const found = outcomes.filter((outcome) => weightOf(outcome) === weight);
    if (weight === "fail" && found.length > 0) return fail(reasonsOf(found));
    if (found[0] !== undefined) return found[0];
  }
  return error(new VoucherError("internal", "there was nothing to judge"));
}

function weightOf(outcome: Outcome): Weight {
  return outcome.status === "error" && outcome.error.retryable ? "retryable" : outcome.status;
}

function reasonsOf(failures: readonly Outcome[]): string {
  const reasons = failures.flatMap((one) => (one.status === "fail" ? [one.reason] : []));
  return [...new Set(reasons)].join("; ");
}
