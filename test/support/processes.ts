import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

type Environment = { readonly [name: string]: string | undefined };

export interface ProcessOptions {
  /** Its whole environment, besides `PATH`. */
  readonly env?: Environment;
  readonly cwd?: string;
}

export interface StartOptions extends ProcessOptions {
  /** The line of output by which the process says that it serves; without one, {@link startProcess} does not wait. */
  readonly ready?: RegExp;
  /** Sees each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
}

/** A process of a test's own, with all that it started itself: they share a process group. */
export interface TestProcess {
  readonly pid: number;
  /** What matched `ready`. */
  readonly ready: RegExpExecArray | undefined;
  /** How the process ended; settles when it did. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Every line of output so far. */
  readonly lines: readonly string[];
  hasEnded(): boolean;
  /** Sends a signal to the process alone. */
  signal(name: NodeJS.Signals): void;
  /** Ends the whole group, at last by force, and waits until the process is gone. */
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;
const GRACE_MS = 3_000;

/** Starts `command` in a process group of its own. Throws, with its output, where it ends or stays silent before it is ready. */
export async function startProcess(
  command: string,
  args: readonly string[],
  { env, cwd, ready, onLine }: StartOptions = {},
): Promise<TestProcess> {
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: withPath(env),
    ...(cwd === undefined ? {} : { cwd }),
  });
  await once(child, "spawn");
  const pid = child.pid ?? Number.NaN;
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  killAtExit(pid);

  const lines: string[] = [];
  const serving = Promise.withResolvers<RegExpExecArray | undefined>();
  if (ready === undefined) serving.resolve(undefined);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      onLine?.(line);
      const match = ready?.exec(line);
      if (match) serving.resolve(match);
    });
  }
  const close = async () => {
    killGroup(pid, "SIGTERM");
    await Promise.race([ended, pause(GRACE_MS)]);
    killGroup(pid, "SIGKILL");
    await ended;
    groups.delete(pid);
  };
  try {
    const match = await Promise.race([serving.promise, tooEarly(ended), tooLate()]);
    return {
      pid,
      ready: match,
      ended,
      lines,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      signal: (name) => void child.kill(name),
      close,
    };
  } catch (fault) {
    await close();
    throw new Error(`${command} does not serve: ${String(fault)}\n${lines.join("\n")}`, { cause: fault });
  }
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends ProcessOptions {
  /** After how many milliseconds the process is ended; 20 seconds by default. */
  readonly timeout?: number;
}

/** Runs `command` to its end, and returns what it printed and its exit code. */
export async function run(
  command: string,
  args: readonly string[],
  { env, cwd, timeout = PATIENCE_MS }: RunOptions = {},
): Promise<RunResult> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
    env: withPath(env),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = Promise.all([textOf(child, "stdout"), textOf(child, "stderr")]);
  const [code] = await once(child, "close");
  const [stdout, stderr] = await output;
  return { code, stdout, stderr };
}

/** As {@link run}, and throws with the output where the exit code is not 0. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** A TCP port on 127.0.0.1 that nobody listens on, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

function withPath(env: Environment = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], ...env };
}

/** The process groups that are not closed yet. */
const groups = new Set<number>();

/** One listener for all of them: a test may well have a dozen, which Node takes for a leak. */
function killAtExit(pid: number): void {
  if (!process.listeners("exit").includes(killAll)) process.on("exit", killAll);
  groups.add(pid);
}

function killAll(): void {
  for (const pid of groups) killGroup(pid, "SIGKILL");
}

async function textOf(child: ChildProcess, stream: "stdout" | "stderr"): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of child[stream] ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function tooEarly(ended: TestProcess["ended"]): Promise<never> {
  const { code, signal } = await ended;
  throw new Error(`it ended with ${code ?? signal}`);
}

async function tooLate(): Promise<never> {
  await pause(PATIENCE_MS);
  throw new Error(`it was not ready after ${PATIENCE_MS} ms`);
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Every process of the group has ended already.
  }
}
