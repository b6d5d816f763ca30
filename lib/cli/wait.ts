import { setTimeout as sleep } from "node:timers/promises";
import type { Verdict } from "../app.ts";
import type { Terminal } from "./terminal.ts";

/** How often evidence that is awaited is asked for again: scans and builds take minutes. */
const PAUSE_SECONDS = 10;

export interface Waiting {
  /** How long to wait, from now. */
  readonly seconds: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly pauseSeconds?: number;
}

/**
 * Asks for a verdict again and again while evidence is awaited, and says on stderr what for. Returns the first verdict that
 * waits for nothing, or, when the time is up, the last one.
 */
export async function whilePending(
  ask: () => Promise<Verdict>,
  { seconds, terminal, signal, pauseSeconds = PAUSE_SECONDS }: Waiting,
): Promise<Verdict> {
  const started = Date.now();
  for (;;) {
    const verdict = await ask();
    const awaited = awaitedBy(verdict);
    const waited = (Date.now() - started) / 1000;
    if (awaited.length === 0 || waited >= seconds) return verdict;
    terminal.err(`waiting, ${Math.floor(waited)} of ${seconds} s: ${awaited.join("; ")}`);
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
