import { drawHistory } from "./draw.ts";
import { AFTERMATH_MS, type History } from "./history.ts";
import { type Core, REAL_CORE } from "./instance.ts";
import { randomFrom } from "./random.ts";
import { createScheduler, type Scheduler, Violation } from "./scheduler.ts";
import { tellHappening } from "./tell-history.ts";
import { createWorld } from "./world.ts";

/** What became of a seed. */
export interface Run {
  readonly history: History;
  readonly steps: number;
  /** The same for two runs only if both went the same way, step by step. */
  readonly fingerprint: string;
  /** The promise that was broken; `undefined` where all were kept. */
  readonly violation: string | undefined;
  /** How often deliveries ended in each way. */
  readonly endings: ReadonlyMap<string, number>;
  readonly counts: {
    readonly started: number;
    readonly killed: number;
    readonly attestations: number;
    readonly letters: number;
  };
}

export interface RunOptions {
  /** The program; the real one, unless a fault is planted in it. */
  readonly core?: Core;
  /** Is told every step, in words. */
  readonly trace?: (line: string) => void;
}

/**
 * Lets the history of a seed happen until the world is quiet; then feeds what was given up again, as an operator would, and,
 * where keys were rotated, everything. What has to be true is looked at in every step.
 */
export async function runSeed(seed: number, { core = REAL_CORE, trace }: RunOptions = {}): Promise<Run> {
  const history = drawHistory(seed);
  const random = randomFrom(seed, "world");
  const scheduler = createScheduler({ random, trace });
  const world = createWorld(history, scheduler, core);
  let violation: string | undefined;
  try {
    for (const happening of history.happenings) {
      scheduler.after(
        happening.at,
        () => tellHappening(happening),
        () => world.happen(happening),
      );
    }
    await scheduler.run();
    world.requireQuiet("ever");
    await inGoodWeather(history, scheduler, () => {
      world.replay({ of: "dead letters", how: "topic", concurrency: 1 });
    });
    world.requireQuiet("ever");
    if (history.happenings.some(({ kind }) => kind === "rotation")) {
      await inGoodWeather(history, scheduler, () => {
        world.replay({ of: "history", how: "topic", concurrency: 4 });
      });
      world.requireQuiet("now");
    }
    await scheduler.run();
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    violation = thrown.message;
  }
  return {
    history,
    violation,
    steps: scheduler.steps(),
    fingerprint: `${scheduler.steps()}-${random.fingerprint().toString(16)}`,
    endings: world.endings,
    counts: world.counts(),
  };
}

/** Does something in a quiet world when the last storm is over, and the last rotation, and waits until it is quiet again. */
async function inGoodWeather(history: History, scheduler: Scheduler, act: () => void): Promise<void> {
  const ends = history.weather.storms.map(({ to }) => to);
  for (const one of history.happenings) {
    if (one.kind === "rotation") ends.push(one.at + one.overlap + AFTERMATH_MS + 1);
  }
  const wait = Math.max(0, ...ends) - scheduler.now();
  scheduler.after(wait, () => "the world was quiet; what was given up or is old is fed again", act);
  await scheduler.run();
}
