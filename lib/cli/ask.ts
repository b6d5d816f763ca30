import { once } from "node:events";
import { createInterface } from "node:readline/promises";

/** Where a question is asked and answered. */
export interface Asking {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** Asks a person; whoever answers anything but yes, or nothing at all, means no. Throws the reason of an aborted `signal`. */
export async function askWhether(question: string, { input, output, signal }: Asking): Promise<boolean> {
  const lines = createInterface({ input, output });
  // The terminal is in raw mode, so Ctrl-C comes here and not to the process.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = once(lines, "close").then(() => "");
  try {
    const answer = await Promise.race([lines.question(`${question} (y/N) `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (fault) {
    signal.throwIfAborted();
    throw fault;
  } finally {
    lines.close();
  }
}
