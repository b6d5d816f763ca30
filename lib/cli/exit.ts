import type { Verdict } from "../app.ts";
import type { VoucherError } from "../errors.ts";

/** What the process says by its exit code. */
export const EXIT = { done: 0, rejected: 1, usage: 2, undecided: 3, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Of several, the one that weighs most: 2 before 3 before 1 before 0. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  const order: readonly ExitCode[] = [EXIT.interrupted, EXIT.usage, EXIT.undecided, EXIT.rejected];
  return order.find((code) => codes.includes(code)) ?? EXIT.done;
}

/** Within one image a check that failed decides; then whatever is open or not stored. A dry run owes no attestation. */
export function exitOf(verdict: Verdict): ExitCode {
  const results = [...verdict.results, ...verdict.platforms.flatMap((platform) => platform.results)];
  if (results.some(({ status }) => status === "fail")) return EXIT.rejected;
  return verdict.success ? EXIT.done : EXIT.undecided;
}

/** A mistake in what was asked or configured is 2; everything else left the question open. */
export function exitOfError(error: VoucherError): ExitCode {
  return error.code === "usage" || error.code === "config" ? EXIT.usage : EXIT.undecided;
}
