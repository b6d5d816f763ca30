import { bundled } from "./bundled.ts";
import { startProcess, type TestProcess } from "./processes.ts";

/** What `--json` prints at the end of a replay. */
export interface ReplaySummary {
  readonly seen: number;
  readonly matched: number;
  readonly done: number;
  readonly approved: number;
  readonly rejected: number;
  readonly pending: number;
  readonly failed: number;
  readonly ignored: number;
  readonly resumed: number;
}

/** `voucher replay --json` of the bundle, in a process of its own. */
export interface ReplayProcess {
  readonly process: TestProcess;
  /** Waits for its end. Its summary is `undefined` where it printed none. */
  finish(): Promise<ReplayEnd>;
}

export interface ReplayEnd {
  readonly code: number | null;
  readonly summary: ReplaySummary | undefined;
  /** What people read, line by line. */
  readonly lines: readonly string[];
}

export interface ReplayOptions {
  /** The configuration's file. */
  readonly config?: string;
  readonly cwd: string;
  readonly env?: { readonly [name: string]: string };
}

/** Starts a replay and does not wait for it. */
export async function startReplay(
  args: readonly string[],
  { config, cwd, env = {} }: ReplayOptions,
): Promise<ReplayProcess> {
  const started = await startProcess(
    process.execPath,
    [
      bundled("voucher.mjs"),
      "replay",
      "--json",
      ...(config === undefined ? [] : ["--config", config]),
      ...args,
    ],
    { cwd, env: { HOME: cwd, METADATA_SERVER_DETECTION: "none", ...env } },
  );
  return {
    process: started,
    async finish() {
      const { code } = await started.ended;
      await started.close();
      const json = started.lines.find((line) => line.startsWith("{"));
      return {
        code,
        summary: json === undefined ? undefined : JSON.parse(json),
        lines: started.lines.filter((line) => line !== json),
      };
    },
  };
}

/** Runs a replay to its end. */
export async function replay(args: readonly string[], options: ReplayOptions): Promise<ReplayEnd> {
  return (await startReplay(args, options)).finish();
}
