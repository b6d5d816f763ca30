import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { VoucherError } from "../errors.ts";
import { reasonOf } from "./file-errors.ts";
import { configError } from "./problems.ts";

const LARGEST = 1024 * 1024;

/** Reads a regular file of at most 1 MiB as UTF-8 text. Throws `config` with one sentence, which never quotes the file. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readBounded(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, "is not UTF-8 text");
  }
}

/** The `config` error that says what is wrong with a file. */
export function refused(path: string, message: string, cause?: unknown): VoucherError {
  return configError([{ source: path, message }], cause);
}

/** Only regular files have an end that can be known; a pipe would also wait for a writer. */
async function readBounded(path: string): Promise<Uint8Array> {
  try {
    if (!(await stat(path)).isFile()) throw refused(path, "is no regular file");
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = new Uint8Array(LARGEST + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } catch (cause) {
    if (cause instanceof VoucherError) throw cause;
    throw refused(path, `cannot be read: ${reasonOf(cause)}`, cause);
  }
  throw refused(path, "is larger than 1 MiB, the most that is read of a file");
}
