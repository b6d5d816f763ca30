import { bundled } from "./bundled.ts";
import { type ProcessOptions, type RunResult, run } from "./processes.ts";

/** Runs the bundled `voucher` with nothing of the environment but what is given, in `cwd`. */
export function voucher(
  args: readonly string[],
  options: ProcessOptions & { cwd: string },
): Promise<RunResult> {
  const env = { HOME: options.cwd, ...options.env };
  return run(process.execPath, [bundled("voucher.mjs"), ...args], { ...options, env });
}

/** What a person reads on stderr, line by line. */
export function sentences({ stderr }: RunResult): readonly string[] {
  return stderr.split("\n").filter((line) => line !== "");
}
