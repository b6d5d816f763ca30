import type { ErrorCode, VoucherError } from "../../lib/errors.ts";
import { abandoned } from "../../lib/retry.ts";
import type { PortName, Weather } from "./history.ts";
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
  readonly ending: "served" | "refused" | "lost" | "silent";
  /** Whether the work is done, whatever is heard of it. */
  readonly isDone: boolean;
  readonly killed: "never" | (typeof DEATHS)[number];
}

const DEATHS = ["before", "meanwhile", "after"] as const;

/** Refused most often; an answer that gets lost, an error after the work was done and silence are what programs forget. */
const FAULTS = [
  { ending: "refused", isDone: false },
  { ending: "refused", isDone: false },
  { ending: "refused", isDone: false },
  { ending: "refused", isDone: false },
  { ending: "refused", isDone: true },
  { ending: "lost", isDone: false },
  { ending: "lost", isDone: true },
  { ending: "silent", isDone: false },
  { ending: "silent", isDone: true },
] as const;

export function createWire(scheduler: Scheduler, weather: Weather): Wire {
  return <T>(by: Caller, call: Call<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Whoever is dead calls nobody, and is answered by nobody.
    if (!by.alive()) return promise;
    const { signal, what, late, patience } = call;
    if (signal.aborted) return Promise.reject(abandoned(signal));
    const fate = fateOf(scheduler.random, weather, call.port, scheduler.now());
    const fault = scheduler.random.pick(call.faults);
    if (fate.killed === "before") {
      by.kill(`before ${what()}`);
      return promise;
    }
    if (fate.ending !== "served") by.disturbed();

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

    const answer = (said: string, how: () => void) => {
      const hear = () => {
        if (fate.killed === "after") by.kill(`with the answer to ${what()}`);
        settle(how);
      };
      scheduler.after(fate.back, () => `${by.name} ⇠ ${said}: ${what()}`, hear);
    };
    const arrive = () => {
      const done = fate.isDone ? outcomeOf(call.serve) : undefined;
      if (fate.ending === "served" && done !== undefined) {
        answer("answered", () => done(resolve, reject));
      } else if (fate.ending === "refused") {
        const refused = outcomeOf(fault.answer);
        answer("refused", () => {
          by.disturbed(fault.as);
          refused(resolve, reject);
        });
      } else if (fate.ending === "lost") {
        answer("broken off", () => {
          by.disturbed();
          reject(call.broken());
        });
      }
      if (fate.killed === "meanwhile") by.kill(`during ${what()}`);
    };
    scheduler.after(fate.there, () => `${by.name} ⇢ ${nameOf(fate)}: ${what()}`, arrive);

    if (patience !== undefined) {
      const require = () => {
        if (open && by.alive()) scheduler.fail(`${by.name} still waits for an answer to: ${what()}`);
      };
      scheduler.after(patience, () => `${by.name} must have had enough of: ${what()}`, require);
    }
    if (late !== undefined && (fate.ending === "silent" || fate.there + fate.back >= late.after)) {
      const goOn = () => {
        by.disturbed();
        settle(() => reject(late.error()));
      };
      scheduler.after(late.after, () => `${by.name} waits no longer: ${what()}`, goOn);
    }
    return promise;
  };
}

/** Does something now, and hands on later what it returned or threw. */
function outcomeOf<T>(act: () => T): (resolve: (value: T) => void, reject: (fault: unknown) => void) => void {
  try {
    const value = act();
    return (resolve) => resolve(value);
  } catch (fault) {
    return (_, reject) => reject(fault);
  }
}

function nameOf({ ending, isDone }: Fate): string {
  return isDone && ending !== "served" ? `${ending} though done` : ending;
}

function fateOf(random: Random, { storms, latency }: Weather, port: PortName, now: number): Fate {
  const storm = storms.find(({ from, to }) => from <= now && now < to);
  const slow = random.chance(0.02) ? 20 : 1;
  const there = random.below(latency) * slow;
  const back = random.below(latency) * slow;
  const killed = storm !== undefined && random.chance(storm.kills) ? random.pick(DEATHS) : "never";
  const isFaulty = storm !== undefined && random.chance(storm.faults[port]);
  const ending = isFaulty ? random.pick(FAULTS) : ({ ending: "served", isDone: true } as const);
  return { there, back, killed, ...ending };
}
