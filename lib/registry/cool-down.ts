import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { abandoned } from "../retry.ts";

const MOST_HOSTS = 1000;

/** Hosts that asked to be left alone for a while. It delays requests to them, and never fails one. */
export class CoolDown {
  readonly #until = new LRUCache<string, number>({ max: MOST_HOSTS });

  /** Leaves `host` alone for `milliseconds` from now, or longer where that was agreed before. */
  start(host: string, milliseconds: number): void {
    const until = performance.now() + milliseconds;
    if (until > (this.#until.get(host) ?? 0)) this.#until.set(host, until);
  }

  /** Returns as soon as `host` may be asked again. Throws {@link abandoned}. */
  async over(host: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const left = (this.#until.get(host) ?? 0) - performance.now();
      if (left <= 0) return;
      try {
        await sleep(left, undefined, { signal });
      } catch {
        throw abandoned(signal);
      }
    }
  }
}
