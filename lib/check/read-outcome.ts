import { VoucherError } from "../errors.ts";
import { AWAITED, type Awaiting } from "../ports.ts";
import { error, type Finding, fail, type Outcome, pass, pending } from "./contract.ts";
import { oneLine } from "./wording.ts";

/**
 * Reads what a check answered, which may be anything where it was not written in TypeScript. Throws an Error that says
 * what is wrong with an answer that is no outcome.
 */
export function readOutcome(answer: unknown): Outcome {
  const { status, reason, findings, awaiting, error: fault } = requireObject(answer, "its answer");
  switch (status) {
    case "pass":
      return pass;
    case "fail":
      return fail(requireText(reason, "the reason of its fail"), readFindings(findings));
    case "pending":
      return pending(requireAwaited(awaiting), requireText(reason, "the reason of its pending"));
    case "error":
      return error(readError(fault));
    default:
      throw new Error('the status of its answer is none of "pass", "fail", "pending", "error"');
  }
}

function requireAwaited(awaiting: unknown): Awaiting {
  const awaited = AWAITED.find((one) => one === awaiting);
  if (awaited === undefined) throw new Error(`its pending awaits none of "${AWAITED.join('", "')}"`);
  return awaited;
}

function readFindings(findings: unknown): readonly Finding[] | undefined {
  if (findings === undefined) return undefined;
  if (!Array.isArray(findings)) throw new Error("its findings are no list");
  return findings.map((finding: unknown) => {
    const { id, severity, package: name, fixedIn } = requireObject(finding, "a finding");
    return {
      id: requireText(id, "the id of a finding"),
      severity: requireText(severity, "the severity of a finding"),
      package: requireText(name, "the package of a finding"),
      ...(fixedIn === undefined ? {} : { fixedIn: requireText(fixedIn, "fixedIn of a finding") }),
    };
  });
}

/** Whoever writes a check has no VoucherError at hand: an Error will do, and says by `retryable` whether it may pass. */
function readError(fault: unknown): VoucherError {
  if (fault instanceof VoucherError) return fault;
  const { message, retryable } = requireObject(fault, "the error of its error");
  return new VoucherError("internal", requireText(message, "the message of its error"), {
    retryable: retryable === true,
    cause: fault,
  });
}

function requireObject(value: unknown, what: string): { readonly [member: string]: unknown } {
  if (typeof value !== "object" || value === null) throw new Error(`${what} is no object`);
  return value as { readonly [member: string]: unknown };
}

/** What a check says may repeat what an image says of itself, and ends on terminals and in logs. */
function requireText(value: unknown, what: string): string {
  const text = typeof value === "string" ? oneLine(value) : "";
  if (text === "") throw new Error(`${what} is no text`);
  return text;
}
