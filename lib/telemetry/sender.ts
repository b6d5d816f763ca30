import type { Followed, Log } from "../ports.ts";
import type { Backend, OpenSpan } from "./backend.ts";

export interface SenderOptions {
  /** Loads and connects the backend; asked again later where it cannot. */
  readonly open: () => Promise<Backend>;
  readonly log: Log;
  /** How long anybody waits for the backend, in milliseconds. */
  readonly bound?: number;
  /** How long a backend that failed or was too slow is left alone, in milliseconds. */
  readonly rest?: number;
}

const BOUND_MS = 1_000;
const REST_MS = 30_000;

/** Carries what was observed to the backend. Nothing here throws, and nobody waits for long. */
export class Sender {
  readonly #open: () => Promise<Backend>;
  readonly #log: Log;
  readonly #bound: number;
  readonly #rest: number;
  #backend: Backend | undefined;
  #opening: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #restsUntil = 0;

  constructor({ open, log, bound = BOUND_MS, rest = REST_MS }: SenderOptions) {
    this.#open = open;
    this.#log = log;
    this.#bound = bound;
    this.#rest = rest;
  }

  /** Begins the span of a whole, where the backend knows spans; waits for the backend the first time. */
  async begin(followed: Followed): Promise<OpenSpan | undefined> {
    if (this.#backend === undefined && !this.#isResting()) {
      this.#opening ??= this.#connect();
      const opening = this.#opening;
      await this.#inTime(() => opening, "telemetry cannot be set up");
    }
    let span: OpenSpan | undefined;
    this.tell((backend) => {
      span = backend.open?.(followed);
    });
    return span;
  }

  /** Tells the backend something, where there is one. */
  tell(something: (backend: Backend) => void): void {
    if (this.#backend === undefined) return;
    try {
      something(this.#backend);
    } catch (error) {
      this.#fail("telemetry cannot be recorded", error);
    }
  }

  /**
   * Returns when all that was told before is sent, or could not be in time. Who asks while something is on its way shares the
   * next turn with everybody else who does.
   */
  flush(): Promise<void> {
    if (this.#backend === undefined || this.#isResting()) return Promise.resolve();
    if (this.#running === undefined) return this.#send(this.#backend);
    const backend = this.#backend;
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#send(backend);
    });
    return this.#next;
  }

  async close(): Promise<void> {
    const backend = this.#backend;
    this.#backend = undefined;
    if (backend !== undefined) await this.#inTime(() => backend.close(), "telemetry could not be closed");
  }

  async #connect(): Promise<void> {
    try {
      this.#backend = await this.#open();
    } finally {
      this.#opening = undefined;
    }
  }

  #send(backend: Backend): Promise<void> {
    this.#running = this.#inTime(() => backend.flush(), "telemetry could not be sent").finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Waits for `work`, but no longer than the bound; what becomes of it afterwards is listened to all the same. */
  async #inTime(work: () => Promise<void>, complaint: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${this.#bound} ms`)), this.#bound);
    });
    try {
      await Promise.race([work(), late]);
    } catch (error) {
      this.#fail(complaint, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(complaint: string, error: unknown): void {
    if (this.#isResting()) return;
    this.#restsUntil = performance.now() + this.#rest;
    this.#log.record("WARNING", complaint, { error, restSeconds: this.#rest / 1000 });
  }

  #isResting(): boolean {
    return performance.now() < this.#restsUntil;
  }
}
