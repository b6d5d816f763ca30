import { parseJson } from "../image/json.ts";
import { at } from "./problems.ts";

/** Reads text into plain values; what it throws says where, and never quotes the text: it may hold secrets. */
export type Parser = (text: string) => Promise<unknown>;

const PARSERS: ReadonlyMap<string, Parser> = new Map([
  [".toml", parseToml],
  [".yaml", async (text) => (await import("./yaml.ts")).parseYaml(text)],
  [".yml", async (text) => (await import("./yaml.ts")).parseYaml(text)],
  [".json", parseJsonText],
]);

/** The parser for a file's ending; undefined for one that is no format of ours. */
export function parserOf(ending: string): Parser | undefined {
  return PARSERS.get(ending.toLowerCase());
}

async function parseToml(text: string): Promise<unknown> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [sentence = ""] = error.message.split("\n");
    throw at(sentence.replace(/^Invalid TOML document: /, "is not TOML: "), error.line, error.column);
  }
}

async function parseJsonText(text: string): Promise<unknown> {
  try {
    return parseJson(new TextEncoder().encode(text));
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    // V8's own message quotes the text, so only the position is taken from it.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    const position = /\(line (\d+) column (\d+)\)/.exec(cause);
    throw position === null ? new Error(sentence) : at(sentence, Number(position[1]), Number(position[2]));
  }
}
