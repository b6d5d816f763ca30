import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { VoucherError } from "../../errors.ts";
import type { Environment } from "../environment.ts";
import { reasonOf } from "../file-errors.ts";
import type { Table } from "../keys.ts";
import { refused } from "../text-file.ts";
import { parseText } from "./parse-text.ts";

const LONGEST = 60_000;
const MOST_OUTPUT = 1024 * 1024;

/** What `sops` says by its exit code (`cmd/sops/codes` in its sources). */
const CHANGED: readonly unknown[] = [25, 51];
const NO_KEY = 128;

/**
 * Decrypts a SOPS file with the program `sops`, which gets `env` and so finds its keys as on the command line; it has
 * `longest` milliseconds and 1 MiB. Throws `config`, and what may pass: `unauthorized` where it got no key, `timeout`. Never
 * with anything that `sops` printed, since that may quote the file.
 */
export async function readSops(file: string, env: Environment, longest = LONGEST): Promise<Table> {
  await stat(file).catch((cause: unknown) => {
    throw refused(file, `cannot be read: ${reasonOf(cause)}`, cause);
  });
  return parseText(file, await decrypt(file, env, longest), ".json");
}

function decrypt(file: string, env: Environment, timeout: number): Promise<string> {
  // Voucher took every file for JSON, whatever its name.
  const type = /^\.ya?ml$/i.test(extname(file)) ? "yaml" : "json";
  const args = ["--decrypt", "--input-type", type, "--output-type", "json", file];
  const limits = { timeout, killSignal: "SIGKILL", maxBuffer: MOST_OUTPUT } as const;
  return new Promise((resolve, reject) => {
    const child = execFile("sops", args, { env: { ...env }, ...limits }, (error, stdout) => {
      if (error === null) resolve(stdout);
      // Not as its cause: it carries what was printed.
      else reject(failure(file, error, timeout));
    });
    child.stdin?.on("error", () => {}).end();
  });
}

type Failure = { readonly code?: string | number | null; readonly killed?: boolean };

function failure(file: string, { code, killed }: Failure, timeout: number): VoucherError {
  if (code === "ENOENT" || code === "EACCES") {
    return refused(
      file,
      "needs the program sops, and there is none on the PATH that can be run; install it (https://getsops.io)",
    );
  }
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") {
    return refused(file, "is larger than 1 MiB, which no file of secrets is");
  }
  if (killed === true) {
    const message = `${file}: sops did not decrypt it within ${timeout / 1000} s; can its keys be reached from here?`;
    return new VoucherError("timeout", message, { retryable: true });
  }
  if (code === NO_KEY) {
    const message = `${file}: sops got none of the keys that it is encrypted for; ${BY_HAND}`;
    return new VoucherError("unauthorized", message);
  }
  const why = CHANGED.includes(code)
    ? "was changed since it was encrypted"
    : `could not be decrypted by sops (exit code ${code ?? "none"})`;
  return refused(file, `${why}; ${BY_HAND}`);
}

const BY_HAND = "run sops --decrypt on it by hand, which says more";
