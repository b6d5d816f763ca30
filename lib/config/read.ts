import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { extname } from "node:path";
import { VoucherError } from "../errors.ts";
import { reasonOf } from "./file-errors.ts";
import { parserOf } from "./formats.ts";
import { configError } from "./problems.ts";

const LARGEST = 1024 * 1024;
/**
 * Reads a configuration file, in the format that its ending names, into plain values that are still to be checked.
 * Throws `config` with one sentence for whatever is in the way.
 */
export async function readConfigFile(path: string): Promise<unknown> {
  const parse = parserOf(extname(path));
  if (parse === undefined) throw refused(path, "its name must end in .toml, .yaml, .yml or .json");
  const bytes = await readBounded(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(path, "is not UTF-8 text", cause);
  }
  try {
    return await parse(text);
  } catch (cause) {
    throw refused(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
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
  throw refused(path, "is larger than 1 MiB, which no configuration is");
}

function refused(path: string, message: string, cause?: unknown): VoucherError {
  return configError([{ source: path, message }], cause);
}
