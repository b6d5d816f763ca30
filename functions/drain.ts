import type { HttpFunction } from "@google-cloud/functions-framework";
import { listenAlone } from "./listen-alone.ts";

/** How long an instance may go on answering after it was told to end; Cloud Run allows ten seconds. */
const DRAIN_MILLISECONDS = 8_000;
const POLL_MILLISECONDS = 20;

/** Counts the requests that a function is answering. */
export interface InFlight {
  counting(handler: HttpFunction): HttpFunction;
}

/**
 * On SIGTERM lets the requests in flight be answered, then ends the process. The framework itself would cut them off at
 * once. What is not done in time is delivered again.
 */
export function drainOnTerminate(): InFlight {
  let active = 0;
  const drain = async () => {
    const giveUpAt = Date.now() + DRAIN_MILLISECONDS;
    while (active > 0 && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    process.exit(0);
  };
  listenAlone("SIGTERM", () => void drain());
  return {
    counting: (handler) => async (request, response) => {
      active += 1;
      try {
        await handler(request, response);
      } finally {
        active -= 1;
      }
    },
  };
}
