import { asVoucherError } from "../../errors.ts";
import { parserOf } from "../formats.ts";
import { normalizeKeys, type Table } from "../keys.ts";
import { refused } from "../text-file.ts";

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
