import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { asVoucherError, VoucherError } from "../../errors.ts";
import { reasonOf } from "../file-errors.ts";
import { parserOf } from "../formats.ts";
import { normalizeKeys, type Table } from "../keys.ts";
import { configError } from "../problems.ts";

const LARGEST = 1024 * 1024;

/** Reads a regular file of at most 1 MiB as UTF-8 text. Throws `config` with one sentence, which never quotes the file. */
export async function readText(path: string): Promise<string> {
  const bytes = await readBounded(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, "is not UTF-8 text");
  }
}

/**
 * Parses the text of `path` as what `ending` (`.toml`, `.json` …) says, into a table whose names are in lower case. Throws
 * `config`; of what others say of the text only what cannot quote it.
 */
export async function parseText(path: string, text: string, ending: string): Promise<Table> {
  const parse = parserOf(ending);
  if (parse === undefined) throw refused(path, "its name must end in .toml, .yaml, .yml or .json");
  const document = await parse(text).catch((thrown: unknown) => {
    const position = /\(line \d+, column \d+\)$/.exec(thrown instanceof Error ? thrown.message : "");
    const where = position === null ? "" : ` ${position[0]}`;
    throw refused(path, `cannot be read as ${ending.slice(1).toUpperCase()}${where}`);
  });
  try {
    return normalizeKeys(document);
  } catch (thrown) {
    const [name, sentence] = asVoucherError(thrown).message.split(/: (?=[^:]*$)/);
    throw refused(path, sentence === undefined ? String(name) : `one of its names ${sentence}`);
  }
}

/** The `config` error that says what is wrong with a file. */
export function refused(path: string, message: string, cause?: unknown): VoucherError {
  return configError([{ source: path, message }], cause);
}

/** Non-blocking, since a pipe would wait for a writer. */
async function readBounded(path: string): Promise<Uint8Array> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw refused(path, "is no regular file");
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
  throw refused(path, "is larger than 1 MiB, which no file of secrets is");
}
