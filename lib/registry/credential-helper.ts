import { execFile } from "node:child_process";
import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { abandoned } from "../retry.ts";
import type { Credentials } from "./credentials.ts";

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined };

const TIMEOUT = 20_000;
const MOST_OUTPUT = 64 * 1024;
/** What helpers print, by their protocol, where they have nothing. */
const NOTHING = /credentials not found/i;
/** The user name by which a helper says that its secret is an identity token. */
const TOKEN_USER = "<token>";

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Returns what `docker-credential-<helper> get` answers for `server`; `undefined` where it has nothing. It has 20 seconds
 * and 64 KiB. Throws `config`, never with anything that the helper printed on stdout, which may be a secret.
 */
export async function askHelper(
  helper: string,
  server: string,
  env: Environment,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(helper)) {
    throw new VoucherError(
      "config",
      `${JSON.stringify(helper)} in the Docker config is no credential helper's name`,
    );
  }
  const program = `docker-credential-${helper}`;
  const { error, output } = await run(program, server, env, signal);
  if (signal.aborted) throw abandoned(signal);
  if (error !== undefined && NOTHING.test(output)) return undefined;
  const answer = error === undefined ? HelperAnswer.safeParse(parsedOr(output)) : undefined;
  if (!answer?.success) {
    const why = error === undefined ? "gave no usable answer" : whyFailed(error);
    throw new VoucherError(
      "config",
      `the credential helper ${program} ${why} for ${server}; run it by hand, or sign in again`,
    );
  }
  const { Username: username, Secret: secret } = answer.data;
  if (username === TOKEN_USER) return { identityToken: secret };
  return username === "" && secret === "" ? undefined : { username, password: secret };
}

type Failure = Error & { readonly code?: string | number | null; readonly killed?: boolean };

function run(
  program: string,
  input: string,
  env: Environment,
  signal: AbortSignal,
): Promise<{ error?: Failure; output: string }> {
  return new Promise((resolve) => {
    const options = {
      env: { ...env },
      signal,
      timeout: TIMEOUT,
      maxBuffer: MOST_OUTPUT,
      killSignal: "SIGKILL",
    } as const;
    const child = execFile(program, ["get"], options, (error, stdout) => {
      resolve(error === null ? { output: stdout } : { error, output: stdout });
    });
    // A helper that ends without reading breaks the pipe; what it answered counts.
    child.stdin?.on("error", () => {}).end(input);
  });
}

function whyFailed({ code, killed }: Failure): string {
  if (code === "ENOENT") return "was not found on the PATH";
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "printed too much";
  return killed === true ? "took too long" : `failed (${code ?? "killed"})`;
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
