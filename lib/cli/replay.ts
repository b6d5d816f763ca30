import type { Replayed } from "../app.ts";
import type { Listener } from "../replay/replay.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { oneLine } from "./one-line.ts";
import { type ReplayFlags, replayRequestOf } from "./replay-flags.ts";
import { type Progress, progressBar, progressLines } from "./replay-progress.ts";
import { replaySummary } from "./replay-summary.ts";
import { endAtSecondInterrupt } from "./second-interrupt.ts";
import type { Session } from "./session.ts";

/** How long connections may hold up the end: they are slow to close. */
const FAREWELL_MS = 500;

/**
 * `voucher replay`: feeds events again, and says what became of them. Exit 0 where nothing failed or is pending, else 3. At
 * Ctrl-C and SIGTERM it finishes what is in flight, and exits 130; a second Ctrl-C ends it at once.
 */
export async function replayCommand(
  flags: ReplayFlags,
  { app, terminal, interrupted }: Session,
): Promise<ExitCode> {
  const request = await replayRequestOf(flags);
  if (!request.dryRun && request.topic === undefined) {
    app.requireEventsReviewable();
    if (app.config.dryrun && flags.quiet !== true) {
      terminal.err(
        "voucher: the configuration says dryrun: nothing is attested, and no event counts as done",
      );
    }
  }
  const terminated = new AbortController();
  const onTerminate = () => terminated.abort();
  process.on("SIGTERM", onTerminate);
  const stopListening = endAtSecondInterrupt(interrupted);
  const stop = AbortSignal.any([interrupted, terminated.signal]);
  const progress = await progressFor(flags, terminal);
  const onStop = () => progress.say("voucher: finishing what is in flight; Ctrl-C again ends it at once");
  if (flags.quiet !== true) stop.addEventListener("abort", onStop, { once: true });
  let replayed: Replayed;
  try {
    replayed = await app.replay(request, listenerTo(progress, flags), stop);
  } finally {
    progress.stop();
    stop.removeEventListener("abort", onStop);
    process.off("SIGTERM", onTerminate);
    stopListening();
    setTimeout(() => process.exit(), FAREWELL_MS).unref();
  }
  print(replayed, flags, terminal);
  const { summary, stopped } = replayed;
  if (stopped) return EXIT.interrupted;
  return summary.failed > 0 || summary.pending > 0 ? EXIT.undecided : EXIT.done;
}

/** A bar only where somebody looks, and nothing else is written. */
async function progressFor(flags: ReplayFlags, terminal: Session["terminal"]): Promise<Progress> {
  if (flags.quiet === true) return { update: () => {}, say: terminal.err, stop: () => {} };
  return process.stderr.isTTY && flags.verbose !== true ? progressBar() : progressLines(terminal);
}

/** People are told of each event that will be tried again; what else became of events, the summary tells. */
function listenerTo(progress: Progress, { quiet }: ReplayFlags): Listener {
  return {
    outcome(where, { kind, reason, sentence = reason }) {
      if (kind === "failed") progress.say(oneLine(`voucher: ${where}: ${sentence}`));
      if (kind === "pending" && quiet !== true)
        progress.say(oneLine(`voucher: ${where}: pending: ${sentence}`));
    },
    progress: (through, of, summary) => progress.update({ through, of, summary }),
  };
}

/** With `--json` stdout is for programs, and people read the table on stderr. */
function print(
  replayed: Replayed,
  { json, quiet, dryRun }: ReplayFlags,
  terminal: Session["terminal"],
): void {
  if (json === true) terminal.out(JSON.stringify(replayed.summary));
  if (json === true && quiet === true) return;
  const write = json === true ? terminal.err : terminal.out;
  write(replaySummary(replayed, terminal, dryRun));
}
