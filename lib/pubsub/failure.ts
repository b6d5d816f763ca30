import { VoucherError } from "../errors.ts";

/** gRPC's status codes (grpc/doc/statuscodes.md) that say more than "not now". */
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
const INVALID_ARGUMENT = 3;

/** What Pub/Sub was asked for. */
export interface Asked {
  /** The full name of the topic or subscription. */
  readonly name: string;
  /** As in "did not accept a message". */
  readonly complaint: string;
  /** The role that allows it. */
  readonly role: string;
}

/** What a failure of Google's client means, in one sentence that names the topic or subscription. */
export function toVoucherError(cause: unknown, { name, complaint, role }: Asked): VoucherError {
  if (cause instanceof VoucherError) return cause;
  const why = sentenceOf(cause);
  const fault = (code: VoucherError["code"], message: string, retryable = false) =>
    new VoucherError(code, message, { retryable, cause });
  switch (codeOf(cause)) {
    case NOT_FOUND:
      return fault("not-found", `${name} does not exist; create it, or correct its name`);
    case PERMISSION_DENIED:
      return fault(
        "forbidden",
        `Pub/Sub ${complaint} ${name}: these credentials need ${role} there (${why})`,
      );
    case UNAUTHENTICATED:
      return fault("unauthorized", `Pub/Sub ${complaint} ${name}: it refused these credentials (${why})`);
    case INVALID_ARGUMENT:
      return fault("malformed", `Pub/Sub ${complaint} ${name}: ${why}`);
  }
  if (/could not load the default credentials/i.test(why)) {
    return fault("unauthorized", `Pub/Sub ${complaint} ${name}: no Google credentials were found`);
  }
  return fault("unavailable", `Pub/Sub ${complaint} ${name}: ${why}`, true);
}

function codeOf(cause: unknown): unknown {
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}

/** gRPC repeats its code in the message: `5 NOT_FOUND: Topic not found`. */
function sentenceOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/^\d+ [A-Z_]+: /, "");
}
