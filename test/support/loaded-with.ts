import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What Node loads with `file` before any of our code runs: the file, and what it imports by a statement. */
export function loadedWith(file: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(file)) return seen;
  const text = readFileSync(file, "utf8");
  seen.set(file, text);
  for (const [, path = ""] of text.matchAll(/^(?:import|export)\b[^"'();]*["'](\.[^"']+)["']/gm)) {
    loadedWith(join(dirname(file), path), seen);
  }
  return seen;
}
