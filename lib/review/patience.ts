import { error, fail, type Outcome } from "../check/contract.ts";
import { VoucherError } from "../errors.ts";

/** How long evidence that is not there yet is waited for. */
export interface Patience {
  /** When whatever asks for this review first asked. */
  readonly since: Date;
  readonly maxMinutes: number;
}

const MINUTE_MS = 60_000;

/**
 * What a pending outcome has become by `now`: itself, or, once patience ends, a `fail` where a build record is missing
 * and a permanent `error` where a scan or CI is, both saying how long was waited. Other outcomes stay as they are.
 */
export function endOfPatience(outcome: Outcome, patience: Patience | undefined, now: Date): Outcome {
  if (outcome.status !== "pending" || patience === undefined) return outcome;
  const minutes = (now.getTime() - patience.since.getTime()) / MINUTE_MS;
  if (minutes < patience.maxMinutes) return outcome;
  const reason = `${outcome.reason}; waited for ${Math.floor(minutes)} minutes (pending.max_minutes is ${patience.maxMinutes})`;
  return outcome.awaiting === "build" ? fail(reason) : error(new VoucherError("waited", reason));
}
