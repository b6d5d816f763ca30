import type { VoucherError } from "../errors.ts";
import type { Severity } from "../ports.ts";
import type { Judgement, Review } from "../review/judgement.ts";

/** How the handling of one delivery ended. */
export type Ending =
  | { readonly kind: "malformed"; readonly error: VoucherError }
  | { readonly kind: "ignored"; readonly reason: string }
  /** The very content that the event names could not be resolved. */
  | { readonly kind: "unresolved"; readonly error: VoucherError }
  | { readonly kind: "reviewed"; readonly review: Review };

/** What is done about a delivery, and what is said of it. */
export interface Settlement {
  /** 204 acknowledges; 503 has Pub/Sub deliver again, with back-off. */
  readonly status: 204 | 503;
  /**
   * How the event ended, if it did. `retry`: it comes back. `dead-lettered`: no delivery can help; where no dead-letter
   * topic is configured, the log entry is the record.
   */
  readonly outcome: "attested" | "decided" | "ignored" | "dead-lettered" | "retry";
  readonly severity: Severity;
  readonly reason?: string;
}

export interface Delivery {
  /** Which delivery of this event it is, from 1, where Pub/Sub says so. */
  readonly attempt?: number | undefined;
  /** From which attempt on an event is given up; never, where unset. */
  readonly maxAttempts?: number | undefined;
}

/** The acknowledgement table: what an ending means for the event. The only place that decides it. */
export function settle(ending: Ending, delivery: Delivery = {}): Settlement {
  const settlement = decide(ending);
  if (settlement.status === 204 || !isLastAttempt(delivery)) return settlement;
  const reason = `given up at delivery ${delivery.attempt}: ${settlement.reason}`;
  return { status: 204, outcome: "dead-lettered", severity: "ERROR", reason };
}

function isLastAttempt({ attempt, maxAttempts }: Delivery): boolean {
  return attempt !== undefined && maxAttempts !== undefined && attempt >= maxAttempts;
}

function decide(ending: Ending): Settlement {
  switch (ending.kind) {
    case "malformed":
      return deadLettered(ending.error.message);
    case "ignored":
      return { status: 204, outcome: "ignored", severity: "INFO", reason: ending.reason };
    case "unresolved":
      return comesBack(ending.error, true) ? retry(ending.error.message) : deadLettered(ending.error.message);
    case "reviewed":
      return decideReview(ending.review);
  }
}

/** Where several hold: what may succeed later, what is awaited, what never can, what is decided. */
function decideReview(review: Review): Settlement {
  if (review.outOfScope !== undefined) {
    return { status: 204, outcome: "ignored", severity: "INFO", reason: review.outOfScope };
  }
  const judgements = [...review.platforms.flatMap((platform) => platform.judgements), ...review.judgements];
  const unstored = judgements.find((judgement) => judgement.unstored !== undefined)?.unstored;
  if (unstored !== undefined) return retry(unstored.message);
  const errors = judgements.flatMap(({ outcome }) => (outcome.status === "error" ? [outcome.error] : []));
  const passing = errors.find((error) => comesBack(error, false));
  if (passing !== undefined) return retry(passing.message);
  const awaited = judgements.flatMap(({ outcome }) =>
    outcome.status === "pending" ? [outcome.reason] : [],
  );
  if (awaited.length > 0) return retry(`waiting: ${awaited[0]}`, "INFO");
  const permanent = errors.find(({ code }) => code !== "no-evidence");
  if (permanent !== undefined) return deadLettered(permanent.message);
  return decided(judgements, errors[0], review.dryRun);
}

function decided(
  judgements: readonly Judgement[],
  error: VoucherError | undefined,
  dryRun: boolean,
): Settlement {
  if (error !== undefined)
    return { status: 204, outcome: "decided", severity: "WARNING", reason: error.message };
  const failed = judgements.flatMap(({ outcome }) => (outcome.status === "fail" ? [outcome.reason] : []));
  if (failed.length === 0 && !dryRun) return { status: 204, outcome: "attested", severity: "INFO" };
  if (failed.length === 0)
    return { status: 204, outcome: "decided", severity: "INFO", reason: "a dry run attests nothing" };
  return { status: 204, outcome: "decided", severity: "INFO", reason: failed.at(-1) ?? "a check failed" };
}

/**
 * Whether a later delivery may fare better. Permissions take minutes to settle, and so does a push: what the event itself
 * names may not be there yet, while a child that its index names was there before it.
 */
function comesBack(error: VoucherError, ofTheEventsOwnDigest: boolean): boolean {
  if (error.retryable || error.code === "unauthorized" || error.code === "forbidden") return true;
  return ofTheEventsOwnDigest && error.code === "not-found";
}

function retry(reason: string, severity: Severity = "WARNING"): Settlement {
  return { status: 503, outcome: "retry", severity, reason };
}

function deadLettered(reason: string): Settlement {
  return { status: 204, outcome: "dead-lettered", severity: "ERROR", reason };
}
