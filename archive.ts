import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Metafile } from "esbuild";
import { type Zippable, zipSync } from "fflate";
import own from "./package.json" with { type: "json" };

/**
 * What is deployed: the functions' part of the bundle with a package.json and a lock file of its own, which name the one
 * package that is not in the bundle. The same sources give the same bytes: whoever deploys tells by the hash of the archive
 * whether anything changed.
 */

/** The one package that the functions need besides their bundle. */
export const FRAMEWORK = "@google-cloud/functions-framework";

const ENTRY = "index.mjs";
const LOCK = "package-lock.json";
/** The first moment that a zip can name, in local time, as a zip has it. */
const MTIME = new Date(1980, 0, 1);

/** Writes `package.json` and `package-lock.json` of the functions into `folder`, from our own lock file. */
export async function writePackage(folder: string): Promise<void> {
  const { version, license, dependencies } = own;
  const document = {
    name: "voucher-functions",
    version,
    private: true,
    license,
    main: ENTRY,
    dependencies: { [FRAMEWORK]: dependencies[FRAMEWORK] },
  };
  const scratch = await mkdtemp(join(tmpdir(), "voucher-package-"));
  try {
    await writeFile(join(scratch, "package.json"), `${JSON.stringify(document, undefined, 2)}\n`);
    await copyFile(LOCK, join(scratch, LOCK));
    // npm drops from the lock file what nothing asks for any more, and needs no registry for that.
    const flags = [
      "--package-lock-only",
      "--offline",
      "--ignore-scripts",
      "--no-audit",
      "--no-update-notifier",
    ];
    await promisify(execFile)("npm", ["install", ...flags], { cwd: scratch, timeout: 60_000 });
    for (const name of ["package.json", LOCK]) await copyFile(join(scratch, name), join(folder, name));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Writes `voucher.zip` into `folder`, the folder that esbuild wrote to: what the functions load, and nothing else of it. */
export async function writeArchive(folder: string, { outputs }: Metafile): Promise<void> {
  const names = ["package.json", LOCK, ...filesOf(ENTRY, folder, outputs)].sort();
  const content: Zippable = { LICENSE: await readFile("LICENSE") };
  for (const name of names) content[name] = await readFile(join(folder, name));
  await writeFile(join(folder, "voucher.zip"), zipSync(content, { mtime: MTIME }));
}

/** The entry, every chunk that it may come to load, and their licence texts; by their paths in `folder`. */
function filesOf(entry: string, folder: string, outputs: Metafile["outputs"]): readonly string[] {
  const found = new Set<string>();
  const waiting = [`${folder}/${entry}`];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const output = outputs[path];
    if (output === undefined || found.has(path)) continue;
    found.add(path);
    waiting.push(`${path}.LEGAL.txt`);
    for (const imported of output.imports) if (!imported.external) waiting.push(imported.path);
  }
  if (found.size === 0) throw new Error(`esbuild wrote no ${basename(entry)}`);
  return [...found].map((path) => path.slice(folder.length + 1));
}
