import type { Standing, Withdrawn } from "../app.ts";
import { VoucherError } from "../errors.ts";
import { parsePlatform } from "../image/platform.ts";
import { formatReference } from "../image/reference.ts";
import { askWhether } from "./ask.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type CommonFlags, parseImages, type Session } from "./session.ts";
import { whoAsks } from "./who.ts";

export interface RevokeFlags extends CommonFlags {
  readonly check: readonly string[];
  readonly reason: string;
  readonly yes?: boolean;
}

/**
 * `voucher revoke IMAGE… --check NAME --reason TEXT`: withdraws attestations of images and all that they hold, whatever the
 * configuration selects, and says which. Asks first on a terminal; elsewhere `--yes` is needed. Exit 3 where one could not
 * be withdrawn.
 */
export async function revokeCommand(
  images: readonly string[],
  flags: RevokeFlags,
  session: Session,
): Promise<ExitCode> {
  const { app, terminal, signal } = session;
  if (flags.reason.trim() === "") throw new VoucherError("usage", "say why with --reason; it is logged");
  if (flags.yes !== true && !process.stdin.isTTY) {
    throw new VoucherError(
      "usage",
      "there is no terminal to ask on; say --yes to withdraw without being asked",
    );
  }
  const checks = app.checksNamed(flags.check);
  const platforms = flags.platform?.map(parsePlatform) ?? "all";
  const references = parseImages(images);
  const found = await Promise.all(
    references.map((image) => app.standing({ image, platforms }, checks, signal)),
  );
  for (const [at, { unknown }] of found.entries()) {
    const image = references[at];
    if (unknown === undefined || image === undefined) continue;
    terminal.err(
      `voucher: only what stands on ${formatReference(image)} itself can be found, since ${unknown.message}; withdraw that of its platforms by their digests`,
    );
  }
  const standing = [
    ...new Map(found.flatMap((one) => one.standing).map((one) => [one.stored.id, one])).values(),
  ];
  if (standing.length > 0 && flags.yes !== true) {
    terminal.err(`This withdraws:\n${standing.map((one) => `  ${named(one)}`).join("\n")}`);
    if (!(await askWhether("Go on?", { input: process.stdin, output: process.stderr, signal })))
      throw new VoucherError("usage", "nothing was withdrawn");
  }

  const who = await whoAsks(app, process.env);
  const withdrawn = await app.revoke(standing, { who, reason: flags.reason }, signal);
  for (const { subject, error } of withdrawn) {
    if (error !== undefined) terminal.err(`voucher: ${formatReference(subject)}: ${error.message}`);
  }
  if (flags.json === true) terminal.out(JSON.stringify(withdrawn.map(toDocument)));
  else if (flags.quiet !== true && withdrawn.length === 0) terminal.out("nothing was attested");
  else if (flags.quiet !== true) {
    for (const one of withdrawn) if (one.error === undefined) terminal.out(`revoked ${named(one)}`);
  }
  return withdrawn.every(({ error }) => error === undefined) ? EXIT.done : EXIT.undecided;
}

function named({ subject, where, stored }: Standing): string {
  return `${stored.checkName} of ${formatReference(subject)} (${where})`;
}

/** One line of what `--json` prints. */
function toDocument({ subject, where, stored, error }: Withdrawn) {
  return {
    image: formatReference(subject),
    platform: where,
    check: stored.checkName,
    occurrence: stored.id,
    revoked: error === undefined,
  };
}
