import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { VoucherError } from "../errors.ts";
import { formatReference } from "../image/reference.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type CommonFlags, parseImages, type Session } from "./session.ts";

export interface RevokeFlags extends CommonFlags {
  readonly check: readonly string[];
  readonly reason: string;
  readonly yes?: boolean;
}

/**
 * `voucher revoke IMAGE… --check NAME --reason TEXT`: withdraws attestations of images and their platforms, and says which.
 * Asks first on a terminal; elsewhere `--yes` is needed. Exit 3 where one could not be withdrawn.
 */
export async function revokeCommand(
  images: readonly string[],
  flags: RevokeFlags,
  session: Session,
): Promise<ExitCode> {
  const { app, terminal, signal } = session;
  if (flags.reason.trim() === "") throw new VoucherError("usage", "say why with --reason; it is logged");
  const checks = app.checksNamed(flags.check);
  const lists = await Promise.all(parseImages(images).map((image) => app.standing(image, checks, signal)));
  const standing = lists.flat();
  const lines = standing.map(
    ({ subject, where, stored }) => `${stored.checkName} of ${formatReference(subject)} (${where})`,
  );
  if (standing.length > 0 && flags.yes !== true) await confirm(lines, session);

  const who = userInfo().username;
  const withdrawn = await app.revoke(standing, { who, reason: flags.reason }, signal);
  for (const { subject, error } of withdrawn) {
    if (error !== undefined) terminal.err(`voucher: ${formatReference(subject)}: ${error.message}`);
  }
  if (flags.json === true) {
    const document = withdrawn.map(({ subject, where, stored, error }) => ({
      image: formatReference(subject),
      platform: where,
      check: stored.checkName,
      occurrence: stored.id,
      revoked: error === undefined,
    }));
    terminal.out(JSON.stringify(document));
  } else if (flags.quiet !== true) {
    const done = lines.filter((_, at) => withdrawn[at]?.error === undefined);
    terminal.out(
      done.length === 0 ? "nothing was attested" : done.map((line) => `revoked ${line}`).join("\n"),
    );
  }
  return withdrawn.every(({ error }) => error === undefined) ? EXIT.done : EXIT.undecided;
}

async function confirm(lines: readonly string[], { terminal, signal }: Session): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new VoucherError(
      "usage",
      `this would withdraw ${lines.length} attestations; say --yes to do so without being asked`,
    );
  }
  terminal.err(`This withdraws:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  const question = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await question.question("Go on? (y/N) ", { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new VoucherError("usage", "nothing was withdrawn");
  } finally {
    question.close();
  }
}
