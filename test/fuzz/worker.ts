import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";
import { corpus } from "./corpus.ts";
import { inputsLike } from "./inputs.ts";
import { judge, type Outcome } from "./judge.ts";
import type { Parser } from "./parser.ts";
import { type SharedInput, sharedInput } from "./shared-input.ts";
import type { Found, Task } from "./watch.ts";

/** The thread in which parsers are fed, so that one that never ends, or takes all memory, ends no more than this. */

/** How long a simpler input is looked for that fails too, in milliseconds. */
const SIMPLIFYING_MS = 20_000;

const task: Task = workerData;
const shared = sharedInput(task);
const { PARSERS }: { readonly PARSERS: readonly Parser[] } = await import(task.parsers);

for (const name of task.names) {
  const parser = PARSERS.find((one) => one.name === name);
  if (parser === undefined) throw new Error(`there is no parser of ${name}`);
  parentPort?.postMessage(await feed(parser, task, shared));
}

/** What failed once comes first. */
async function feed(parser: Parser, { runs, seed, folder }: Task, { show }: SharedInput): Promise<Found> {
  const refused = new Map<string, number>();
  let inputs = 0;
  let read = 0;

  const tryOne = async (bytes: Uint8Array): Promise<Outcome> => {
    show(bytes);
    const outcome = await judge(parser, bytes, folder);
    inputs += 1;
    if (outcome.kind === "read") read += 1;
    if (outcome.kind === "refused") refused.set(outcome.code, (refused.get(outcome.code) ?? 0) + 1);
    return outcome;
  };
  const found = (fault?: Found["fault"]): Found => ({
    name: parser.name,
    inputs,
    read,
    refused: Object.fromEntries(refused),
    ...(fault === undefined ? {} : { fault }),
  });

  for (const { parser: of, file, bytes } of corpus()) {
    if (of !== parser.name) continue;
    const outcome = await tryOne(bytes);
    if (outcome.kind === "fault") return found({ bytes, says: `${outcome.says} (corpus/${file})` });
  }
  let fault: Found["fault"];
  let simplifyUntil = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(inputsLike(parser.samples), async (bytes) => {
    if (performance.now() > simplifyUntil) return;
    const outcome = await tryOne(bytes);
    if (outcome.kind !== "fault") return;
    if (fault === undefined) simplifyUntil = performance.now() + SIMPLIFYING_MS;
    fault = { bytes, says: outcome.says };
    throw new Error(outcome.says);
  });
  // Reported is the last that failed: the smallest.
  const numRuns = parser.heavy ? Math.ceil(runs / 10) : runs;
  const { failed, errorInstance } = await fc.check(property, { numRuns, seed });
  if (failed && fault === undefined) throw errorInstance;
  return found(fault);
}
