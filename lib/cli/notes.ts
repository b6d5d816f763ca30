import { ALL, configuredChecks } from "../config/groups.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import type { CommonFlags, Session } from "./session.ts";

export interface NotesFlags extends CommonFlags {
  readonly check?: readonly string[];
}

/** `voucher notes create`: makes the notes that the configured checks need; those that are there stay as they are. */
export async function createNotesCommand(
  flags: NotesFlags,
  { app, terminal, signal }: Session,
): Promise<ExitCode> {
  const configured = configuredChecks(app.config);
  const checks = app.checksNamed(flags.check ?? (configured.length > 0 ? configured : [ALL]));
  const prepared = await app.prepareStore(checks, signal);
  if (flags.json === true) {
    terminal.out(
      JSON.stringify(
        prepared.map(({ checkName, name, status }) => ({ check: checkName, note: name, status })),
      ),
    );
  } else if (prepared.length === 0) {
    terminal.err("voucher: this store needs no notes");
  } else if (flags.quiet !== true) {
    terminal.out(prepared.map(({ name, status }) => `${status.padEnd(7)} ${name}`).join("\n"));
  }
  return EXIT.done;
}
