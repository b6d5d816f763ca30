import { resolve } from "node:path";
import type { AttestedBy, Check, Reference, Verdict } from "../app.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { parsePlatform } from "../image/platform.ts";
import { formatReference, parseReference } from "../image/reference.ts";
import { type ExitCode, exitOf, exitOfError, worst } from "./exit.ts";
import { matrix } from "./matrix.ts";
import { type CommonFlags, parseImages, type Session, sentence } from "./session.ts";
import { whilePending } from "./wait.ts";

const WRITE_ONE = "write voucher.toml, or name a file with --config or VOUCHER_CONFIG";

export interface ReviewFlags extends CommonFlags {
  readonly check?: readonly string[];
  readonly force?: boolean;
  readonly wait?: number;
  /** A public key in PEM form, to verify with it alone. */
  readonly key?: string;
}

/** `voucher check IMAGE…`: runs checks and attests what passes. */
export async function checkCommand(
  images: readonly string[],
  flags: ReviewFlags,
  session: Session,
): Promise<ExitCode> {
  const { app, signal, terminal, configured } = session;
  const dryRunUnconfigured = !configured && app.config.dryrun && flags.check === undefined;
  if (dryRunUnconfigured)
    terminal.err(`voucher: no configuration was found, so this dry run runs the check nobody; ${WRITE_ONE}`);
  else requireChecks(flags, session);
  const checks = app.checksNamed(flags.check ?? [dryRunUnconfigured ? "nobody" : "all"]);
  const existing = flags.force === true ? "force" : "run";
  const waiting = { seconds: flags.wait ?? 0, quiet: flags.quiet, terminal, signal };
  return eachImage(images, flags, session, async (image) => {
    const ask = (before?: Verdict) => app.check(sameAs(before, image), checks, existing, signal);
    return { verdict: await whilePending(ask, waiting), notes: [] };
  });
}

/** What a tag named at first is what is waited for, wherever the tag moves meanwhile. */
function sameAs(before: Verdict | undefined, image: Reference): Reference {
  return before === undefined ? image : { ...image, ...parseReference(before.image) };
}

/** `voucher verify IMAGE…`: says which attestations count; runs no check. */
export async function verifyCommand(
  images: readonly string[],
  flags: ReviewFlags,
  session: Session,
): Promise<ExitCode> {
  const { app, signal } = session;
  const { key } = flags;
  if (key !== undefined) return verifyByKey(images, { ...flags, key }, session);
  requireChecks(flags, session);
  const checks: readonly Check[] = app.checksNamed(flags.check ?? ["all"]);
  return eachImage(images, flags, session, async (image) => {
    const { verdict, attested } = await app.verify(image, checks, signal);
    return { verdict, notes: [...attested.map(vouching), ...advice(verdict)] };
  });
}

/** Without a configuration the group `all` has no checks, and to enable some is not the first thing to do. */
function requireChecks({ check }: ReviewFlags, { configured }: Session): void {
  if (configured || check !== undefined) return;
  throw new VoucherError("config", `no configuration was found, and so no check; ${WRITE_ONE}`);
}

/** With a key alone it is not known which checks there are: each kind of statement is answered for. */
async function verifyByKey(
  images: readonly string[],
  flags: ReviewFlags & { readonly key: string },
  session: Session,
): Promise<ExitCode> {
  if (flags.check !== undefined)
    throw new VoucherError("usage", "--key reads statements of every kind; leave out --check");
  const { app, signal } = session;
  const platforms = flags.platform?.map(parsePlatform);
  return eachImage(images, flags, session, async (image) => {
    const request = { image, keyFile: resolve(flags.key), platforms };
    const { verdict, attested } = await app.verifyWithKey(request, signal);
    return { verdict, notes: attested.map(vouching) };
  });
}

export interface Answer {
  readonly verdict: Verdict;
  /** What else people are told under the matrix. */
  readonly notes: readonly string[];
}

/** What to do where an attestation that counts is missing: verification fails for nothing else. */
function advice({ image, kind, platforms, results }: Verdict): readonly string[] {
  const all = [...results, ...platforms.flatMap((platform) => platform.results)];
  const lacks = kind !== "artifact" && all.some(({ status }) => status === "fail");
  return lacks ? [`what passes its check gets an attestation by: voucher check ${image}`] : [];
}

function vouching({ where, checkName, keyId, since }: AttestedBy): string {
  const moment = since === undefined ? "" : ` since ${since.toISOString()}`;
  return `${where}, ${checkName}: attested${moment} by ${keyId}`;
}

/** One image after the other, so that their tables and errors come in the order they were named. */
export async function eachImage(
  texts: readonly string[],
  flags: ReviewFlags,
  { terminal, observer }: Session,
  judge: (image: Reference) => Promise<Answer>,
): Promise<ExitCode> {
  const images = parseImages(texts);
  const verdicts: Verdict[] = [];
  const codes: ExitCode[] = [];
  for (const image of images) {
    const started = performance.now();
    try {
      const { verdict, notes } = await judge(image);
      observer.record("DEBUG", "image answered for", told(verdict, performance.now() - started));
      verdicts.push(verdict);
      codes.push(exitOf(verdict));
      if (flags.json !== true && flags.quiet !== true) terminal.out(matrix(verdict, terminal, notes));
      if (flags.json === true) tellErrors(verdict, terminal);
    } catch (fault) {
      const error = asVoucherError(fault);
      codes.push(exitOfError(error));
      terminal.err(`${sentence(error)}${images.length > 1 ? ` (${formatReference(image)})` : ""}`);
    }
  }
  if (flags.json === true && verdicts.length > 0) {
    terminal.out(JSON.stringify(images.length > 1 ? verdicts : verdicts[0]));
  }
  return worst(codes);
}

/** What a verdict comes to, for whoever wants to see what is done. */
function told({ image, kind, success, attested, results, platforms, skipped }: Verdict, took: number) {
  return {
    image,
    kind,
    checks: results.map(({ name }) => name),
    platforms: platforms.map(({ platform }) => platform),
    skipped: skipped.length,
    success,
    attested,
    milliseconds: Math.round(took),
  };
}

/** Programs read stdout; people still want to know why. */
function tellErrors(verdict: Verdict, { err }: Session["terminal"]): void {
  for (const { name, error } of verdict.results) if (error !== undefined) err(`voucher: ${name}: ${error}`);
}
