import { startGrafeas } from "../../lib/local/grafeas.ts";
import { type Before, json } from "../../lib/local/server.ts";

/**
 * A Grafeas in a process of its own, with the notes that `argv` names. Lists show new occurrences late, so that instances
 * believe that what another has just attested is not attested yet.
 */
const LAG_MS = 100;

const grafeas = await startGrafeas({ notes: process.argv.slice(2), lagMs: LAG_MS, before: everything });
process.stdout.write(`grafeas serves at ${grafeas.url}\n`);

/** What a test asks and no program under test does: all that is there, whether lists show it yet or not. */
function everything({ method, path }: Parameters<Before>[0]): ReturnType<Before> {
  return method === "GET" && path === "/everything" ? json(200, grafeas.occurrences()) : undefined;
}
