import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { LARGEST_INPUT } from "./inputs.ts";
import { type SharedInput, sharedInput } from "./shared-input.ts";

/** What became of one parser. */
export interface Found {
  readonly name: string;
  readonly inputs: number;
  /** How many of them it read. */
  readonly read: number;
  /** How many it refused, by the code of the error. */
  readonly refused: { readonly [code: string]: number };
  /** What it did wrong, and with which input. */
  readonly fault?: { readonly bytes: Uint8Array; readonly says: string };
}

export interface FuzzOptions {
  /** How many inputs each parser gets, besides those that failed once. */
  readonly runs: number;
  readonly seed: number;
  readonly names: readonly string[];
  /** The module whose `PARSERS` they are. */
  readonly parsers?: URL;
  /** How long one input may take before it counts as a hang, in milliseconds. */
  readonly patience?: number;
}

/** What the thread is told. */
export interface Task {
  readonly memory: SharedArrayBuffer;
  readonly parsers: string;
  readonly names: readonly string[];
  readonly runs: number;
  readonly seed: number;
  readonly folder: string;
}

/** What the thread may have. A parser needs little; its stack is that of a main thread, on which it runs for real. */
const LIMITS = { maxOldGenerationSizeMb: 512, stackSizeMb: 1 };
/** The same for what V8 does not count, such as buffers: the whole process may grow by so many bytes. */
const MOST_GROWTH = 1_500 * 1024 * 1024;
const LOOK_EVERY_MS = 200;

/** Feeds parsers one after the other, in a thread that is watched, and tells of each what became of it. Never throws for one. */
export async function fuzz(
  options: FuzzOptions,
  tell: (found: Found) => void = () => {},
): Promise<readonly Found[]> {
  const all: Found[] = [];
  const keep = (found: Found) => {
    all.push(found);
    tell(found);
  };
  while (all.length < options.names.length) {
    const fault = await feedAll({ ...options, names: options.names.slice(all.length) }, keep);
    const name = options.names[all.length];
    if (fault !== undefined && name !== undefined) keep({ name, inputs: 0, read: 0, refused: {}, fault });
  }
  return all;
}

/** Returns why the thread ended before it was done with all; `undefined` where it was. */
async function feedAll(
  { names, runs, seed, parsers = new URL("parsers.ts", import.meta.url), patience = 20_000 }: FuzzOptions,
  keep: (found: Found) => void,
): Promise<Found["fault"]> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-fuzz-"));
  const shared = sharedInput({ largest: LARGEST_INPUT });
  const task: Task = { memory: shared.memory, parsers: parsers.href, names, runs, seed, folder };
  const worker = new Worker(new URL("worker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: LIMITS,
  });
  let left = names.length;
  worker.on("message", (found) => {
    left -= 1;
    keep(found);
  });
  try {
    const says = await Promise.race([ended(worker), watched(shared, worker, patience)]);
    return left === 0 ? undefined : { bytes: shared.last(), says };
  } finally {
    await worker.terminate();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why the thread ended: of an error that nobody caught, or out of memory. */
function ended(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    worker.once("error", (error) =>
      resolve(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    worker.once("exit", () => resolve("it ends its thread"));
  });
}

function watched(shared: SharedInput, worker: Worker, patience: number): Promise<string> {
  const grownFrom = process.memoryUsage.rss();
  let seen = shared.count();
  let since = performance.now();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const count = shared.count();
      if (count !== seen) since = performance.now();
      seen = count;
      if (performance.now() - since > patience) resolve(`it hangs: no answer within ${patience / 1000} s`);
      const grown = process.memoryUsage.rss() - grownFrom;
      if (grown > MOST_GROWTH) resolve(`it takes ${Math.round(grown / 1024 / 1024)} MiB`);
    }, LOOK_EVERY_MS);
    worker.once("exit", () => clearInterval(timer));
  });
}
