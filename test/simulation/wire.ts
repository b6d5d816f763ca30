import type { ErrorCode, VoucherError } from "../../lib/errors.ts";
import { abandoned } from "../../lib/retry.ts";
import type { PortName, Storm, Weather } from "./history.ts";
import type { Random } from "./random.ts";
import type { Said, Scheduler } from "./scheduler.ts";

/** Who calls a port: an instance of a function, which may die at any moment. */
export interface Caller {
  readonly name: string;
  /** Which configuration it runs: 0 is the first. */
  readonly version: number;
  alive(): boolean;
  kill(why: string): void;
  /**
   * Is told of everything that goes wrong on the way, since what an instance then does has a reason; `as` is what it may
   * take for good, if anything.
   */
  disturbed(as?: ErrorCode): void;
}

/** One call of a port. */
export interface Call<T> {
  readonly port: PortName;
  readonly what: Said;
  readonly signal: AbortSignal;
  /** What the other side does, when the request arrives, and answers. What it throws is its answer, too. */
  readonly serve: () => T;
  /** The ways in which it can answer wrongly. */
  readonly faults: Faults<T>;
  /** What the caller makes of a connection that broke off. */
  readonly broken: () => VoucherError;
  /** The longest that the program promises to wait for it, in milliseconds, where it promises anything. */
  readonly patience?: number;
  /** After how many milliseconds without an answer the caller goes without one, and what it makes of that. */
  readonly late?: { readonly after: number; readonly error: () => VoucherError };
}

export type Faults<T> = readonly [Fault<T>, ...Fault<T>[]];

export interface Fault<T> {
  readonly answer: () => T;
  /** What a caller may take it for, if for something that will not pass. */
  readonly as?: ErrorCode;
}

/** The only way from the program to the world: every call of every port goes through it. */
export type Wire = <T>(by: Caller, call: Call<T>) => Promise<T>;

/** What befalls a call. */
interface Fate {
  readonly there: number;
  readonly back: number;
  readonly kind: (typeof KINDS)[number];
  readonly killed: "never" | "before" | "meanwhile" | "after";
}

/** Refused most often; an answer that gets lost, an error after the work was done and silence are what programs forget. */
const KINDS = [
  "served",
  "refused",
  "refused though done",
  "lost",
  "lost after it was done",
  "silent",
  "silent though done",
] as const;
const FAULTS = ["refused", "refused", "refused", ...KINDS.slice(1)] as const;

export function createWire(scheduler: Scheduler, weather: Weather): Wire {
  return <T>(by: Caller, call: Call<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Whoever is dead calls nobody, and is answered by nobody.
    if (!by.alive()) return promise;
    const { signal, what } = call;
    if (signal.aborted) return Promise.reject(abandoned(signal));
    const fate = fateOf(scheduler.random, weather, call.port, scheduler.now());
    if (fate.killed === "before") {
      by.kill(`before ${what()}`);
      return promise;
    }
    if (fate.kind !== "served") by.disturbed();

    let open = true;
    const settle = (how: () => void) => {
      if (!open) return;
      open = false;
      signal.removeEventListener("abort", giveUp);
      if (by.alive()) how();
    };
    const giveUp = () => {
      by.disturbed();
      settle(() => reject(abandoned(signal)));
    };
    signal.addEventListener("abort", giveUp, { once: true });
    const answer = (said: string, how: () => void) =>
      scheduler.after(
        fate.back,
        () => `${by.name} ⇠ ${said}: ${what()}`,
        () => {
          if (fate.killed === "after") by.kill(`with the answer to ${what()}`);
          settle(how);
        },
      );
    const answerWith = (said: string, make: () => T, before = () => {}) => {
      let made: () => void;
      try {
        const value = make();
        made = () => resolve(value);
      } catch (fault) {
        made = () => reject(fault);
      }
      answer(said, () => {
        before();
        made();
      });
    };

    const breakOff = () => {
      by.disturbed();
      reject(call.broken());
    };
    const fault = scheduler.random.pick(call.faults);
    scheduler.after(
      fate.there,
      () => `${by.name} ⇢ ${fate.kind}: ${what()}`,
      () => {
        switch (fate.kind) {
          case "served":
            answerWith("answered", call.serve);
            break;
          case "refused":
            answerWith("refused", fault.answer, () => by.disturbed(fault.as));
            break;
          case "refused though done":
            quietly(call.serve);
            answerWith("refused", fault.answer, () => by.disturbed(fault.as));
            break;
          case "lost after it was done":
            quietly(call.serve);
            answer("broken off", breakOff);
            break;
          case "lost":
            answer("broken off", breakOff);
            break;
          case "silent though done":
            quietly(call.serve);
            break;
          case "silent":
            break;
        }
        if (fate.killed === "meanwhile") by.kill(`during ${what()}`);
      },
    );
    const { late, patience } = call;
    if (patience !== undefined) {
      scheduler.after(
        patience,
        () => `${by.name} must have had enough of: ${what()}`,
        () => {
          if (open && by.alive()) scheduler.fail(`${by.name} still waits for an answer to: ${what()}`);
        },
      );
    }
    if (late !== undefined && (fate.kind.startsWith("silent") || fate.there + fate.back >= late.after)) {
      scheduler.after(
        late.after,
        () => `${by.name} waits no longer: ${what()}`,
        () => {
          by.disturbed();
          settle(() => reject(late.error()));
        },
      );
    }
    return promise;
  };
}

/** What is done although nobody will hear of it. */
function quietly(serve: () => unknown): void {
  try {
    serve();
  } catch {
    // That it was refused is not heard either.
  }
}

function fateOf(random: Random, { storms, latency }: Weather, port: PortName, now: number): Fate {
  const storm = storms.find(({ from, to }) => from <= now && now < to);
  const slow = random.chance(0.02) ? 20 : 1;
  const there = random.below(latency) * slow;
  const back = random.below(latency) * slow;
  const killed = storm !== undefined && random.chance(storm.kills) ? random.pick(DEATHS) : "never";
  return { there, back, killed, kind: kindOf(random, storm, port) };
}

const DEATHS = ["before", "meanwhile", "after"] as const;

function kindOf(random: Random, storm: Storm | undefined, port: PortName): Fate["kind"] {
  if (storm === undefined || !random.chance(storm.faults[port])) return "served";
  return random.pick(FAULTS);
}
