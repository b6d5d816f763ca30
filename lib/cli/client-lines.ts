import type { Answer } from "./client-answer.ts";

/** An answer in the very lines of Voucher's own client, which scripts look for. */
export function answerLines({ success, verdict }: Answer): readonly string[] {
  return [success ? "image is approved" : "image was rejected", ...verdict.results.map(line)];
}

function line({ name, success, attested, error }: Answer["verdict"]["results"][number]): string {
  const outcome = success ? `✓ passed ${name}${attested ? "" : ", but wasn't attested"}` : `✗ failed ${name}`;
  return `   ${outcome}${error === undefined ? "" : `, err: ${error}`}`;
}
