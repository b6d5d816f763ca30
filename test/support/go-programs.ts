import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";

/** Programs that somebody else wrote in Go, built here from their own sources. */
export interface GoPrograms {
  /** The folder that they are in, by their names. */
  readonly folder: string;
  /** What is lacking, where they could not be built, and how a person gets it. */
  readonly lacking: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Longer than a slow machine with empty caches takes for the largest of them. */
const LONGEST = 12 * 60_000;

/**
 * Builds `packages` of `module`, at exactly `version`, with Go's own caches: minutes the first time for a large one, a
 * second or two from then on. Never throws: a machine without Go, or without a way to Go's module proxy, lacks them.
 */
export async function buildGoPrograms(
  module: string,
  version: string,
  packages: readonly string[],
): Promise<GoPrograms> {
  const root = await mkdtemp(join(tmpdir(), "voucher-go-"));
  const folder = join(root, "bin");
  await mkdir(folder);
  // A module of our own that wants exactly this version: `go install` would ask for the list of all of them.
  await writeFile(join(root, "go.mod"), `module programs\n\ngo 1.21\n\nrequire ${module} ${version}\n`);
  const failure = await build(root, folder, packages);
  const names = packages.map((path) => path.slice(path.lastIndexOf("/") + 1));
  return {
    folder,
    lacking: new Map(failure === undefined ? [] : [[names.join(" and "), failure]]),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/** Returns why it failed. */
function build(cwd: string, out: string, packages: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, GOFLAGS: "-mod=mod", GOWORK: "off", CGO_ENABLED: "0" };
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: LONGEST, killSignal: "SIGKILL" } as const;
    const child = execFile("go", ["build", "-o", `${out}/`, ...packages], options, (error, _, stderr) => {
      if (error === null) resolve(undefined);
      else if (error.code === "ENOENT") resolve("needs Go: https://go.dev/dl");
      else if (error.killed === true) resolve(`go build took longer than ${LONGEST / 1000} s`);
      else resolve(`go build failed: ${stderr.trim().split("\n").at(-1)}`);
    });
    // Other tests wait for processes of their own meanwhile.
    if (child.pid !== undefined) setPriority(child.pid, 19);
  });
}
