import type { Settlement } from "../../lib/delivery/settle.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import type { Clock } from "../../lib/ports.ts";
import type { Settings } from "./history.ts";
import type { Program } from "./instance.ts";
import type { Acknowledge } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Caller } from "./wire.ts";

/** One process of the program, with one configuration for life. */
export interface Instance extends Caller {
  /** What went wrong around it, and when. */
  readonly disturbances: readonly { readonly at: number; readonly as: ErrorCode | undefined }[];
}

/** What is to be handled by whichever instance is chosen. */
export interface Job {
  readonly what: () => string;
  readonly handle: (program: Program) => Promise<Settlement>;
  /** Is told how it ended, where the instance lived to tell. */
  readonly ended: (by: Instance, from: number, settlement: Settlement) => void;
}

/** The instances of the functions, as Cloud Run starts and ends them. */
export interface Fleet {
  dispatch(job: Job, acknowledge: Acknowledge): void;
  /** Starts a process of its own, which is no part of the fleet. */
  apart(): Process;
  /** From now on new instances run the next configuration; the others go on for `overlap` milliseconds. */
  rollOut(overlap: number): void;
  /** How many instances were started, and how many were killed. */
  readonly counts: { started: number; killed: number };
}

/** A process that somebody has started by hand. */
export interface Process extends Instance, Started {
  /** Settles when it dies, if it does. */
  readonly died: Promise<void>;
  end(): void;
}

/** What an instance has got when it runs. */
export interface Started {
  readonly program: Program;
  readonly clock: Clock;
}

export interface FleetOptions {
  readonly scheduler: Scheduler;
  readonly services: Settings["services"];
  readonly start: (by: Instance) => Started;
}

/** A review, the publishing of a copy, and what it takes to notice that a deadline has passed. */
const LONGEST_MS = 240_000 + 20_000 + 5_000;
const DRAIN_MS = 8_000;

interface Running extends Instance, Started {
  readonly jobs: Set<() => void>;
  isRetired: boolean;
}

export function createFleet({ scheduler, services, start }: FleetOptions): Fleet {
  const { random } = scheduler;
  const fleet = new Set<Running>();
  const apart = new Set<Running>();
  const counts = { started: 0, killed: 0 };
  let version = 0;

  function begin(name: string, died = () => {}): Running {
    counts.started += 1;
    let isAlive = true;
    const disturbances: { at: number; as: ErrorCode | undefined }[] = [];
    const jobs = new Set<() => void>();
    const by: Instance = {
      name: `${name}${counts.started}`,
      version,
      disturbances,
      alive: () => isAlive,
      disturbed: (as) => void disturbances.push({ at: scheduler.now(), as }),
      kill(why) {
        if (!isAlive) return;
        isAlive = false;
        counts.killed += 1;
        scheduler.note(() => `${by.name} is killed ${why}`);
        fleet.delete(running);
        apart.delete(running);
        for (const lost of jobs) lost();
        died();
      },
    };
    const running: Running = Object.assign(by, start(by), { jobs, isRetired: false });
    return running;
  }

  function run(running: Running, { what, handle, ended }: Job, answer: Acknowledge): void {
    const from = scheduler.now();
    scheduler.note(() => `${running.name} handles ${what()}`);
    const close = (acknowledged: boolean) => {
      if (!running.jobs.delete(lost)) return;
      scheduler.after(
        random.below(200),
        () => `${running.name} answered for ${what()}`,
        () => answer(acknowledged),
      );
    };
    const lost = () => close(false);
    running.jobs.add(lost);
    scheduler.after(
      LONGEST_MS,
      () => `${running.name} must have ended ${what()}`,
      () => {
        if (running.jobs.has(lost)) scheduler.fail(`${running.name} is still busy with ${what()}`);
      },
    );
    handle(running.program).then(
      (settlement) => {
        if (!running.alive()) return;
        scheduler.note(
          () => `${running.name} ended ${what()}: ${settlement.outcome} (${settlement.reason ?? ""})`,
        );
        ended(running, from, settlement);
        close(settlement.status === 204);
      },
      (fault: unknown) => scheduler.fail(`${running.name} threw ${String(fault)} for ${what()}`),
    );
  }

  return {
    counts,
    dispatch(job, acknowledge) {
      const free = [...fleet].filter(({ isRetired, jobs }) => !isRetired && jobs.size < services.concurrency);
      const mayGrow = fleet.size < services.instances;
      const chosen = mayGrow && random.chance(0.2) ? undefined : random.any(free);
      if (chosen !== undefined) return run(chosen, job, acknowledge);
      if (!mayGrow) {
        scheduler.after(
          random.below(100),
          () => `no instance takes ${job.what()}`,
          () => acknowledge(false),
        );
        return;
      }
      const started = begin("i");
      fleet.add(started);
      scheduler.after(
        random.between(50, 2000),
        () => `${started.name} has started`,
        () => {
          if (started.alive()) run(started, job, acknowledge);
          else acknowledge(false);
        },
      );
    },
    apart() {
      const { promise: died, resolve } = Promise.withResolvers<void>();
      const running = begin("cli", resolve);
      apart.add(running);
      return Object.assign(running, { died, end: () => void apart.delete(running) });
    },
    rollOut(overlap) {
      version += 1;
      const old = [...fleet, ...apart];
      scheduler.after(
        overlap,
        () => "instances of the old configuration are asked to end",
        () => {
          for (const one of old) one.isRetired = true;
        },
      );
      scheduler.after(
        overlap + DRAIN_MS,
        () => "instances of the old configuration have ended",
        () => {
          for (const one of old) one.kill("by the platform");
        },
      );
    },
  };
}
