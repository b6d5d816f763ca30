import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { VoucherError } from "../errors.ts";

/** One entry of a function's log: a JSON line. */
export type LogEntry = { readonly message?: string; readonly [field: string]: unknown };

/** A function that runs in a process of its own, as Cloud Run runs it. */
export interface FunctionProcess {
  readonly url: string;
  /** Everything it logged so far. */
  readonly entries: readonly LogEntry[];
  /** Ends the process and waits until it is gone. */
  close(): Promise<void>;
}

export interface FunctionOptions {
  readonly target: string;
  /** Its whole environment besides what it needs to run. */
  readonly env: { readonly [name: string]: string };
}

const PATIENCE_MS = 10_000;
const POLL_MS = 25;

/** Starts a function of this checkout under the Functions Framework, on a free port, and waits until it answers. */
export async function startFunction({ target, env }: FunctionOptions): Promise<FunctionProcess> {
  const port = await freePort();
  const framework = new URL("./main.js", import.meta.resolve("@google-cloud/functions-framework"));
  const source = new URL("../../functions/index.ts", import.meta.url);
  const args = [
    fileURLToPath(framework),
    `--source=${fileURLToPath(source)}`,
    `--target=${target}`,
    `--port=${port}`,
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, PATH: process.env["PATH"], NODE_ENV: "production" },
  });
  const ended = once(child, "exit");
  const entries: LogEntry[] = [];
  const lines = createInterface({ input: child.stdout }).on("line", (line) => entries.push(readEntry(line)));

  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
    lines.close();
  };
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await answers(url))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      await close();
      const why = entries.map((entry) => JSON.stringify(entry)).join("\n");
      throw new VoucherError("internal", `the function ${target} did not start: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { url, entries, close };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}

function readEntry(line: string): LogEntry {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return { message: line };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new VoucherError("internal", "no port is free");
  return address.port;
}
