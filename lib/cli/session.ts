import { homedir } from "node:os";
import { type App, type AppOptions, createApp, timeLimit } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { parsePlatform } from "../image/platform.ts";
import { parseReference, type Reference, withDefaultTag } from "../image/reference.ts";
import { parseLevel } from "../telemetry/log.ts";
import { EXIT, type ExitCode, exitOfError } from "./exit.ts";
import { logTo } from "./log.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** The flags that every command takes. */
export interface CommonFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly timeout?: number;
  readonly platform?: readonly string[];
  readonly dryRun?: boolean;
  /** Seconds that evidence is waited for, beyond the time that the work itself may take. */
  readonly wait?: number;
}

/** What a command works with: the wired application, a terminal, and a signal that ends its work. */
export interface Session {
  readonly app: App;
  /** Whether a configuration file was found. */
  readonly configured: boolean;
  readonly terminal: Terminal;
  readonly observer: AppOptions["observer"];
  /** Aborts at Ctrl-C, and when the time of the whole command is up. */
  readonly signal: AbortSignal;
  /** Aborts at Ctrl-C alone, for a command that has no end of its own. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs one command and sets the exit code it returns. What it throws becomes one sentence on stderr. Ctrl-C ends its work
 * and exits 130. From `level` on it logs, unless flags or environment say otherwise.
 */
export async function runCommand(
  flags: CommonFlags,
  command: (session: Session) => Promise<ExitCode>,
  level: "INFO" | "WARNING" = "WARNING",
): Promise<void> {
  const terminal = processTerminal();
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new VoucherError("cancelled", "interrupted"));
  process.on("SIGINT", onInterrupt);
  try {
    const session = await openSession(flags, level, terminal, interrupt.signal);
    const code = await command(session).finally(() => session.app.close());
    process.exitCode = interrupt.signal.aborted ? EXIT.interrupted : code;
  } catch (fault) {
    const error = asVoucherError(fault);
    terminal.err(sentence(error));
    process.exitCode = interrupt.signal.aborted ? EXIT.interrupted : exitOfError(error);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/** The images of the command line, with `latest` where nothing else is said. Throws `usage`. */
export function parseImages(texts: readonly string[]): readonly Reference[] {
  return texts.map((text) => withDefaultTag(parseReference(text)));
}

export function sentence(error: VoucherError): string {
  return `voucher: ${error.message}`;
}

async function openSession(
  flags: CommonFlags,
  usualLevel: "INFO" | "WARNING",
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<Session> {
  const platforms = flags.platform?.map(parsePlatform);
  const { config, file, warnings } = await loadConfig({
    ...(flags.config === undefined ? {} : { file: flags.config }),
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    flags: {
      ...(platforms === undefined ? {} : { platforms }),
      ...(flags.dryRun === undefined ? {} : { dryrun: flags.dryRun }),
      ...(flags.timeout === undefined ? {} : { timeoutSeconds: flags.timeout }),
    },
  });
  if (flags.quiet !== true) for (const warning of warnings) terminal.err(`warning: ${warning}`);
  const level = flags.verbose === true ? "DEBUG" : parseLevel(process.env["VOUCHER_LOG_LEVEL"] ?? usualLevel);
  const observer = logTo(terminal, level);
  const { metadataClient: store, signer, dryrun } = config;
  observer.record("DEBUG", "configuration loaded", { file: file ?? "none", store, signer, dryrun });
  const app = await createApp(config, { observer, env: process.env });
  const seconds = config.limits.timeoutSeconds + (flags.wait ?? 0);
  const deadline = timeLimit(seconds * 1000, `it was not done within ${seconds} s; --timeout gives it more`);
  const signal = AbortSignal.any([deadline, interrupted]);
  return { app, configured: file !== undefined, terminal, observer, signal, interrupted };
}
