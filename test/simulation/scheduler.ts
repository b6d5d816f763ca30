import { setImmediate as nextTurn } from "node:timers/promises";
import type { Random } from "./random.ts";

/** A promise of the program that the world has seen broken. Ends the run. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** What a step is, in words; only asked for where somebody reads along. */
export type Said = () => string;

/**
 * The one that decides what happens next. Everything in the simulated world is a step of it, at a moment of virtual time;
 * among steps of one moment, chance decides. Nothing else moves: between two steps every promise that can go on has gone on.
 */
export interface Scheduler {
  readonly random: Random;
  /** Milliseconds of virtual time since the world began. */
  now(): number;
  /** Takes a step in `delay` milliseconds. */
  after(delay: number, what: Said, step: () => void): void;
  /** Writes a line between two steps. */
  note(what: Said): void;
  /** Ends the run with a {@link Violation}, wherever in the program it is called from. */
  fail(why: string): void;
  /** Takes step after step until there is none left. Throws the {@link Violation} that ended it. */
  run(): Promise<void>;
  /** How many steps were taken. */
  steps(): number;
}

export interface SchedulerOptions {
  readonly random: Random;
  /** Is told every step, and every note. */
  readonly trace?: ((line: string) => void) | undefined;
  /** A world that is not quiet after so many steps never will be. */
  readonly mostSteps?: number;
}

interface Step {
  readonly at: number;
  /** Among steps of one moment the lowest goes first. */
  readonly turn: number;
  readonly what: Said;
  readonly take: () => void;
}

const MOST_STEPS = 500_000;

export function createScheduler({ random, trace, mostSteps = MOST_STEPS }: SchedulerOptions): Scheduler {
  const queue = createQueue();
  let now = 0;
  let steps = 0;
  let failure: Violation | undefined;
  const say = (what: Said) => trace?.(`${String(steps).padStart(5)}  ${clockTime(now)}  ${what()}`);
  const fail = (why: string) => {
    if (failure === undefined) say(() => `VIOLATION ${why}`);
    failure ??= new Violation(why);
  };
  return {
    random,
    now: () => now,
    steps: () => steps,
    note: say,
    fail,
    after(delay, what, take) {
      queue.add({ at: now + Math.max(0, Math.round(delay)), turn: random.next(), what, take });
    },
    async run() {
      // What was set going outside of steps has not called anybody yet.
      await nextTurn();
      if (failure !== undefined) throw failure;
      for (let step = queue.next(); step !== undefined; step = queue.next()) {
        steps += 1;
        now = step.at;
        say(step.what);
        step.take();
        // Only when nothing that a step has set going can go further by itself is it the next one's turn.
        await nextTurn();
        if (steps >= mostSteps) fail(`the world is still not quiet after ${steps} steps`);
        if (failure !== undefined) throw failure;
      }
    },
  };
}

/** `+1:02:03.004` */
export function clockTime(milliseconds: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  const seconds = milliseconds / 1000;
  const rest = String(milliseconds % 1000).padStart(3, "0");
  return `+${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${rest}`;
}

/** A binary heap: the earliest step comes first. */
function createQueue() {
  const heap: Step[] = [];
  const isBefore = (a: Step | undefined, b: Step | undefined) =>
    a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.turn < b.turn));
  const swap = (one: number, other: number) => {
    const [a, b] = [heap[one], heap[other]];
    if (a !== undefined && b !== undefined) [heap[one], heap[other]] = [b, a];
  };
  return {
    add(step: Step): void {
      heap.push(step);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isBefore(heap[at], heap[parent])) return;
        swap(at, parent);
        at = parent;
      }
    },
    next(): Step | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2];
        const least = isBefore(heap[right], heap[left]) ? right : left;
        if (!isBefore(heap[least], heap[at])) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}
