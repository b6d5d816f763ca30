import { error, fail, type Outcome } from "../check/contract.ts";
import { VoucherError } from "../errors.ts";

/** How long evidence that is not there yet is waited for. */
export interface Patience {
  /** How long whatever asks for this review has waited for it so far. */
  readonly minutes: number;
  readonly maxMinutes: number;
}

/**
 * What a pending outcome has become: itself, or, once patience ends, a `fail` where a build record is missing
 * and a permanent `error` where a scan or CI is, both saying how long was waited. Other outcomes stay as they are.
 */
export function endOfPatience(outcome: Outcome, patience: Patience | undefined): Outcome {
  if (outcome.status !== "pending" || patience === undefined) return outcome;
  const { minutes, maxMinutes } = patience;
  if (minutes < maxMinutes) return outcome;
  const reason = `${outcome.reason}; waited for ${Math.floor(minutes)} minutes (pending.max_minutes is ${maxMinutes})`;
  return outcome.awaiting === "build" ? fail(reason) : error(new VoucherError("waited", reason));
}
