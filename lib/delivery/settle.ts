import type { ErrorCode, VoucherError } from "../errors.ts";
import type { Severity } from "../ports.ts";
import type { Judgement, Review } from "../review/judgement.ts";

/** How the handling of one delivery ended. */
export type Ending =
  | { readonly kind: "malformed"; readonly error: VoucherError }
  | { readonly kind: "ignored"; readonly reason: string }
  /** The very content that the event names could not be resolved. */
  | { readonly kind: "unresolved"; readonly error: VoucherError }
  | { readonly kind: "reviewed"; readonly review: Review }
  /** It was reviewed, and nobody could be told of the verdict. */
  | { readonly kind: "unpublished"; readonly error: VoucherError };

/** Why an event is dead-lettered, in one word that operators filter by: `attempts`, or the code of the error. */
export type DeadLetterReason = ErrorCode | "attempts";

interface Settled {
  readonly severity: Severity;
  /** One sentence for people. */
  readonly reason?: string;
  /** The fault that decided, where one did. */
  readonly error?: VoucherError;
}

/** What is done about a delivery, and what is said of it. 204 acknowledges; 503 has Pub/Sub deliver again, with back-off. */
export type Settlement = Settled &
  (
    | { readonly status: 204; readonly outcome: "attested" | "decided" | "ignored" }
    /** No delivery can help. Its copy goes to the dead-letter topic; where there is none, the log entry is the record. */
    | { readonly status: 204; readonly outcome: "dead-lettered"; readonly deadLetter: DeadLetterReason }
    /** Its copy goes to the waiting topic. */
    | { readonly status: 204; readonly outcome: "waiting" }
    /** It comes back. */
    | { readonly status: 503; readonly outcome: "retry" }
  );

/** What is known of the delivery itself. */
export interface Delivery {
  /** Which delivery of this event it is, from 1, where Pub/Sub says so. */
  readonly attempt?: number | undefined;
  /** From which attempt on an event is given up; never, where unset. */
  readonly maxAttempts?: number | undefined;
  /** Whether a waiting topic is configured, and this event did not come from there. */
  readonly mayWait?: boolean;
}

/** The acknowledgement table: what an ending means for the event. The only place that decides it. */
export function settle(ending: Ending, delivery: Delivery = {}): Settlement {
  const settlement = decide(ending, delivery);
  if (settlement.outcome !== "retry" || !isLastAttempt(delivery)) return settlement;
  const { error } = settlement;
  return {
    status: 204,
    outcome: "dead-lettered",
    deadLetter: "attempts",
    severity: "ERROR",
    reason: `given up at delivery ${delivery.attempt}: ${settlement.reason}`,
    ...(error === undefined ? {} : { error }),
  };
}

function isLastAttempt({ attempt, maxAttempts }: Delivery): boolean {
  return attempt !== undefined && maxAttempts !== undefined && attempt >= maxAttempts;
}

function decide(ending: Ending, delivery: Delivery): Settlement {
  switch (ending.kind) {
    case "malformed":
      return deadLettered(ending.error);
    case "ignored":
      return { status: 204, outcome: "ignored", severity: "INFO", reason: ending.reason };
    case "unresolved":
      return mayCome(ending.error) ? retry(ending.error) : deadLettered(ending.error);
    case "reviewed":
      return decideReview(ending.review, delivery);
    case "unpublished": {
      const reason = `its verdict could not be published: ${ending.error.message}`;
      return { ...retry(ending.error), severity: "ERROR", reason };
    }
  }
}

/** Where several hold: what may succeed later, what is awaited, what never can, what is decided. */
function decideReview(review: Review, { mayWait = false }: Delivery): Settlement {
  if (review.outOfScope !== undefined) {
    return { status: 204, outcome: "ignored", severity: "INFO", reason: review.outOfScope };
  }
  const judgements = [...review.platforms.flatMap((platform) => platform.judgements), ...review.judgements];
  const unstored = judgements.find((judgement) => judgement.unstored !== undefined)?.unstored;
  if (unstored !== undefined) return retry(unstored);
  const errors = judgements.flatMap(({ outcome }) => (outcome.status === "error" ? [outcome.error] : []));
  const passing = errors.find(({ retryable }) => retryable);
  if (passing !== undefined) return retry(passing);
  const awaited = judgements.flatMap(({ outcome }) => (outcome.status === "pending" ? [outcome.reason] : []));
  if (awaited[0] !== undefined) return mayWait ? waiting(awaited[0]) : waitingInPlace(awaited[0]);
  const permanent = errors.find(({ code }) => code !== "no-evidence");
  if (permanent !== undefined) return deadLettered(permanent);
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
 * Whether a later delivery may find what the event itself names: permissions take minutes to settle, and so does a push. What
 * is asked for besides it was there before, and whoever asked says whether to try again.
 */
function mayCome({ retryable, code }: VoucherError): boolean {
  return retryable || code === "unauthorized" || code === "forbidden" || code === "not-found";
}

function retry(error: VoucherError): Settlement {
  return { status: 503, outcome: "retry", severity: "WARNING", reason: error.message, error };
}

function waitingInPlace(reason: string): Settlement {
  return { status: 503, outcome: "retry", severity: "INFO", reason: `waiting: ${reason}` };
}

function waiting(reason: string): Settlement {
  return { status: 204, outcome: "waiting", severity: "INFO", reason };
}

function deadLettered(error: VoucherError): Settlement {
  const { code, message } = error;
  return {
    status: 204,
    outcome: "dead-lettered",
    deadLetter: code,
    severity: "ERROR",
    reason: message,
    error,
  };
}
