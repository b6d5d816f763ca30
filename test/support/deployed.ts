import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import * as z from "zod";
import { bundled } from "./bundled.ts";
import { untilAnswered } from "./function-process.ts";
import { freePort, startProcess, type TestProcess } from "./processes.ts";

/** What Cloud Build makes of the archive: its content, and the packages that its lock file names. */
export interface Deployed {
  readonly folder: string;
  /** The names of the files in the archive. */
  readonly files: readonly string[];
  /** Starts a function as Cloud Run does; it is closed with the rest. */
  start(
    target: string,
    env: { readonly [name: string]: string },
  ): Promise<{ readonly url: string; readonly process: TestProcess }>;
  close(): Promise<void>;
}

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const LockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.optional(z.string()) })),
});
const PackageSchema = z.object({ version: z.string() });

/** Unpacks dist/voucher.zip, and installs what it asks for as `npm ci` would, from the packages that are here already. */
export async function deploy(): Promise<Deployed> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-deployed-"));
  const content = unzipSync(await readFile(bundled("voucher.zip")));
  for (const [name, bytes] of Object.entries(content)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  await install(folder);
  const started: TestProcess[] = [];
  return {
    folder,
    files: Object.keys(content),
    async start(target, env) {
      const port = await freePort();
      const framework = "node_modules/@google-cloud/functions-framework/build/src/main.js";
      const serving = await startProcess(process.execPath, [framework], {
        cwd: folder,
        env: { NODE_ENV: "production", FUNCTION_TARGET: target, PORT: String(port), ...env },
      });
      started.push(serving);
      const url = `http://127.0.0.1:${port}`;
      await untilAnswered(serving, url);
      return { url, process: serving };
    },
    async close() {
      await Promise.all(started.map((one) => one.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Copies the packages that the lock file in `folder` names from this checkout. Throws where one has another version here.
 */
export async function install(folder: string): Promise<void> {
  const lock = LockSchema.parse(JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")));
  for (const [path, { version }] of Object.entries(lock.packages)) {
    if (path === "") continue;
    const source = join(CHECKOUT, path);
    const installed = PackageSchema.parse(JSON.parse(await readFile(join(source, "package.json"), "utf8")));
    if (installed.version !== version) {
      throw new Error(
        `${path} is ${installed.version} here, and the archive asks for ${version}; run npm ci`,
      );
    }
    const inner = join(source, "node_modules");
    await cp(source, join(folder, path), { recursive: true, filter: (file) => !file.startsWith(inner) });
  }
}
