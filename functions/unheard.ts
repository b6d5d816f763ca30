import type { AppOptions } from "../lib/app.ts";
import { listenAlone } from "./listen-alone.ts";

/**
 * Logs what failed and nobody waited for, in a check of somebody's own for example, and goes on: no answer depends on it,
 * while the framework would end the process and with it every event in flight.
 */
export function logUnheard(observer: AppOptions["observer"]): void {
  listenAlone("unhandledRejection", (error) => {
    observer.record("ERROR", "something failed that nobody waited for", { error });
  });
}
