import { fileURLToPath } from "node:url";
import type { Verdict } from "../../lib/review/verdict.ts";
import { bundled } from "./bundled.ts";
import { freePort, pause, startProcess, type TestProcess } from "./processes.ts";

/** What the function logs when it has answered a delivery. */
export interface DeliveryEntry {
  readonly severity: string;
  readonly message: string;
  readonly outcome: string;
  readonly status: number;
  readonly reason?: string;
  readonly image?: string;
  readonly messageId?: string;
  readonly verdict?: Verdict;
}

/** A function of the bundle, in a process of its own under the Functions Framework. */
export interface FunctionProcess {
  /** Where Pub/Sub pushes to. */
  readonly url: string;
  readonly process: TestProcess;
  /** The deliveries answered so far, in the order of their answers. */
  readonly deliveries: readonly DeliveryEntry[];
  close(): Promise<void>;
}

const PATIENCE_MS = 10_000;
const POLL_MS = 20;

/** Which function is started, and where; on a free port where none is given. */
export interface ServeOptions {
  readonly target: string;
  readonly port?: number;
}

/** Starts a function with the configuration file `config`, and waits until it answers. */
export async function startFunction(
  config: string,
  env: { readonly [name: string]: string } = {},
  target = "onPush",
  chosen?: number,
): Promise<FunctionProcess> {
  const framework = new URL("./main.js", import.meta.resolve("@google-cloud/functions-framework"));
  const port = chosen ?? (await freePort());
  const deliveries: DeliveryEntry[] = [];
  const started = await startProcess(
    process.execPath,
    [fileURLToPath(framework), `--source=${bundled("index.mjs")}`, `--target=${target}`, `--port=${port}`],
    {
      env: { NODE_ENV: "production", VOUCHER_CONFIG: config, ...env },
      onLine: (line) => {
        const entry = readEntry(line);
        if (entry !== undefined) deliveries.push(entry);
      },
    },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilAnswered(started, url);
  return { url, process: started, deliveries, close: started.close };
}

/** Waits until `process` answers at `url`. Throws, with its output, where it ends or stays silent before. */
export async function untilAnswered(process: TestProcess, url: string): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await answers(url))) {
    if (process.hasEnded() || Date.now() > giveUpAt) {
      await process.close();
      throw new Error(`the function did not start:\n${process.lines.join("\n")}`);
    }
    await pause(POLL_MS);
  }
}

export interface Delivered {
  readonly messageId?: string;
  readonly deliveryAttempt?: number;
  /** Of the message. */
  readonly attributes?: { readonly [name: string]: string };
  /** Of the request. */
  readonly headers?: { readonly [name: string]: string };
}

/** The body that Pub/Sub pushes for a message with `data`. */
function pushBody(data: string, how: Delivered = {}): string {
  const { messageId = "test", deliveryAttempt, attributes = {} } = how;
  return JSON.stringify({
    message: {
      data: Buffer.from(data).toString("base64"),
      messageId,
      publishTime: new Date().toISOString(),
      attributes,
    },
    subscription: "projects/voucher-test/subscriptions/by-hand",
    ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
  });
}

/**
 * Delivers a message as Pub/Sub does; returns the status it is answered with. What is no text is sent as JSON.
 */
export async function deliver(to: { readonly url: string }, data: unknown, how?: Delivered): Promise<number> {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return post(to, pushBody(text, how), how?.headers);
}

/** Sends `body` as it is; returns the status it is answered with. */
export async function post(
  to: { readonly url: string },
  body: string,
  more: Delivered["headers"] = {},
): Promise<number> {
  const headers = { "content-type": "application/json", ...more };
  const response = await fetch(to.url, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}

function readEntry(line: string): DeliveryEntry | undefined {
  if (!line.startsWith("{")) return undefined;
  const entry: DeliveryEntry = JSON.parse(line);
  return entry.outcome === undefined ? undefined : entry;
}
