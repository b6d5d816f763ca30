import { extname } from "node:path";
import { parserOf } from "./formats.ts";
import { readTextFile, refused } from "./text-file.ts";

/**
 * Reads a configuration file, in the format that its ending names, into plain values that are still to be checked.
 * Throws `config` with one sentence for whatever is in the way.
 */
export async function readConfigFile(path: string): Promise<unknown> {
  const parse = parserOf(extname(path));
  if (parse === undefined) throw refused(path, "its name must end in .toml, .yaml, .yml or .json");
  const text = await readTextFile(path);
  try {
    return await parse(text);
  } catch (cause) {
    throw refused(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
