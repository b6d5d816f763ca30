/** What went wrong, in a form that code can decide on. The message is for people. */
export type ErrorCode =
  /** The caller asked for something that makes no sense; asking again the same way cannot help. */
  | "usage"
  /** The configuration is wrong or lacks something. */
  | "config"
  /** A document or message is not what its format allows, or says two things at once. */
  | "malformed"
  /** A document is well formed, but of a kind that is not supported. */
  | "unsupported"
  /** Content is not what its digest or size promises. */
  | "digest-mismatch"
  /** A limit of the configuration was passed. */
  | "limit"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  /** The thing exists already, or somebody else changed it meanwhile. */
  | "conflict"
  /** The other side could not be reached, or broke off. */
  | "network"
  /** The other side answered that it cannot serve now (429, 5xx). */
  | "unavailable"
  /** The deadline passed. */
  | "timeout"
  /** The caller gave up. */
  | "cancelled"
  /** An address, redirect or realm that must not be contacted. */
  | "refused"
  /** A signing or verifying key is missing or unusable. */
  | "key"
  /** Evidence for this image does not exist and never will. */
  | "no-evidence"
  /** Evidence for this image did not come in the time that it is waited for. */
  | "waited"
  /** A fault of this program or of a user's check. */
  | "internal";

/** The most characters of a line. Past it, no log would keep an entry. */
const LONGEST_LINE = 2_000;
/** What would steer a terminal, or turn the direction of its text; all but the ends of lines. */
const STEERING = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The one error that crosses rooms.
 *
 * `retryable` speaks of repeating the very same call. What an event does about it is decided in
 * `delivery/settle.ts` alone. The message may quote whatever a stranger wrote: it is made fit to be shown and logged.
 */
export class VoucherError extends Error {
  override readonly name = "VoucherError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(showable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

function showable(message: string): string {
  const lines = message.replace(STEERING, " ").split("\n");
  return lines
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line).toWellFormed())
    .join("\n");
}

/**
 * Returns `thrown` as a VoucherError; a deadline that passed becomes a `timeout`, anything else an `internal` one, with
 * `thrown` as its cause.
 */
export function asVoucherError(thrown: unknown): VoucherError {
  if (thrown instanceof VoucherError) return thrown;
  if (thrown instanceof Error && thrown.name === "TimeoutError") {
    return new VoucherError("timeout", "the deadline passed", { retryable: true, cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new VoucherError("internal", message, { cause: thrown });
}

/** Returns `error`, marked as one that may pass where it is of permissions: those take minutes to settle. */
export function untilPermissionsSettle(error: VoucherError): VoucherError {
  const { code, message, retryable } = error;
  if (retryable || (code !== "unauthorized" && code !== "forbidden")) return error;
  return new VoucherError(code, message, { retryable: true, cause: error });
}
