import type { SubscribeRequest } from "../app.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { endAtSecondInterrupt } from "./second-interrupt.ts";
import type { CommonFlags, Session } from "./session.ts";

export interface SubscribeFlags extends CommonFlags {
  readonly project?: string;
  readonly subscription?: string;
}

/** How long what is left may hold up the end: reviews that were given back, connections that are slow to close. */
const FAREWELL_MS = 500;

/**
 * `voucher subscribe`: pulls a subscription and reviews what it announces, until SIGTERM (exit 0) or Ctrl-C (130). What is
 * in flight then is finished, or given back to Pub/Sub after a while; a second Ctrl-C ends it at once.
 */
export async function subscribeCommand(
  { project, subscription, timeout, json }: SubscribeFlags,
  { app, terminal, interrupted }: Session,
): Promise<ExitCode> {
  app.requireEventsReviewable();
  const terminated = new AbortController();
  const onTerminate = () => terminated.abort();
  process.on("SIGTERM", onTerminate);
  const stopListening = endAtSecondInterrupt(interrupted);
  const request: SubscribeRequest = { project, subscription, timeoutSeconds: timeout };
  try {
    const pulled = await app.subscribe(request, AbortSignal.any([interrupted, terminated.signal]));
    if (json === true) terminal.out(JSON.stringify(pulled));
    return EXIT.done;
  } finally {
    process.off("SIGTERM", onTerminate);
    stopListening();
    setTimeout(() => process.exit(), FAREWELL_MS).unref();
  }
}
