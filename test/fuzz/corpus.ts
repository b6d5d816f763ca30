import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** An input that failed once. */
export interface Kept {
  readonly file: string;
  /** The name of the parser that it is for. */
  readonly parser: string;
  readonly bytes: Uint8Array;
  /** What was wrong with that parser. */
  readonly once: string;
}

const FOLDER = fileURLToPath(new URL("corpus/", import.meta.url));

/** Every input that failed once, by its file's name. */
export function corpus(): readonly Kept[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => {
      const { parser, once, input } = JSON.parse(readFileSync(`${FOLDER}${file}`, "utf8"));
      return { file, parser, once, bytes: Buffer.from(input, "base64") };
    });
}

/** What to write into a file of the corpus, to keep an input. */
export function corpusEntry({ parser, once, bytes }: Omit<Kept, "file">): string {
  return JSON.stringify({ parser, once, input: Buffer.from(bytes).toString("base64") }, null, 2);
}
