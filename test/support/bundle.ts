import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { runOrThrow } from "./processes.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder that holds the bundle of this run, or why there is none. Ask for its files by `bundled`. */
    bundle: { readonly folder: string } | { readonly fault: string };
  }
}

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const LONGEST_MS = 60_000;
const NEEDED = [
  "package.json",
  "package-lock.json",
  "LICENSE",
  "build.ts",
  "archive.ts",
  "functions",
  "lib",
  "node_modules",
];

/**
 * Builds the bundle once for all end-to-end tests of a run. A build that fails is the fault of the tests that need it, and
 * not the end of the run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-bundle-"));
  const built = await buildIn(folder).then(
    (dist) => ({ folder: dist }),
    (fault) => ({ fault: String(fault) }),
  );
  project.provide("bundle", built);
  return () => rm(folder, { recursive: true, force: true });
}

/**
 * Builds as `npm run build` does, and returns where the result is. It is built in a folder that only links to the sources,
 * since the script writes where it is called: a run must not pull `dist/` from under another. Throws what the build said.
 */
export async function buildIn(folder: string): Promise<string> {
  for (const name of NEEDED) await symlink(join(CHECKOUT, name), join(folder, name));
  await runOrThrow("npm", ["run", "--silent", "build"], {
    cwd: folder,
    env: { HOME: folder },
    timeout: LONGEST_MS,
  });
  return join(folder, "dist");
}
