import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict } from "../app.ts";
import type { Terminal } from "./terminal.ts";

/** How often evidence that is awaited is asked for again: scans and builds take minutes. */
const PAUSE_SECONDS = 10;

export interface Waiting {
  /** How long to wait, from now. */
  readonly seconds: number;
  readonly terminal: Terminal;
  /** Whether to wait without a word. */
  readonly quiet?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly pauseSeconds?: number;
}

/**
 * Asks for a verdict again and again while evidence is awaited, each time with the one before, and says on stderr what for.
 * Returns the first verdict that waits for nothing, or, when the time is up, the last one.
 */
export async function whilePending(
  ask: (before?: Verdict) => Promise<Verdict>,
  { seconds, terminal, quiet = false, signal, pauseSeconds = PAUSE_SECONDS }: Waiting,
): Promise<Verdict> {
  const started = Date.now();
  let before: Verdict | undefined;
  for (;;) {
    const verdict = await ask(before);
    before = verdict;
    const awaited = awaitedBy(verdict);
    const waited = (Date.now() - started) / 1000;
    if (awaited.length === 0 || waited >= seconds) return verdict;
    if (!quiet) terminal.err(`waiting, ${Math.floor(waited)} of ${seconds} s: ${awaited.join("; ")}`);
    const pause = Math.min(pauseSeconds, seconds - waited);
    await sleep(pause * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** `linux/arm64 snakeoil`, for whatever is pending; of an index, its platforms say it better than itself. */
function awaitedBy({ platforms, results }: Verdict): readonly string[] {
  const pending = (where: string, some: Verdict["results"]) =>
    some.flatMap(({ name, status }) => (status === "pending" ? [`${where}${name}`] : []));
  const byPlatform = platforms.flatMap((one) => pending(`${one.platform} `, one.results));
  return byPlatform.length > 0 ? byPlatform : pending("", results);
}
