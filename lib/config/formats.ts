import { parseJson } from "../image/json.ts";

/** Reads text into plain values; what it throws says where, and never quotes the text: it may hold secrets. */
export type Parser = (text: string) => Promise<unknown>;

const PARSERS: ReadonlyMap<string, Parser> = new Map([
  [".toml", parseToml],
  [".yaml", parseYaml],
  [".yml", parseYaml],
  [".json", parseJsonText],
]);

/** The faults whose own messages quote the document. */
const YAML_QUOTING: { readonly [code: string]: string } = {
  UNEXPECTED_TOKEN: "something does not belong there",
  TAG_RESOLVE_FAILED: "a tag is not known",
  BAD_DQ_ESCAPE: "an escape sequence is not known",
  RESOURCE_EXHAUSTION: "it is nested too deeply",
};

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

async function parseYaml(text: string): Promise<unknown> {
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: "silent",
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw at(`is not YAML: ${YAML_QUOTING[problem.code] ?? problem.message}`, line, col);
  }
  // The limit on aliases is the library's own: past it, a short text would unfold into more than memory holds.
  return document.toJS({ maxAliasCount: 100 });
}

async function parseJsonText(text: string): Promise<unknown> {
  try {
    return parseJson(new TextEncoder().encode(text));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    const position = /\(line (\d+) column (\d+)\)/.exec(cause);
    const sentence = error instanceof Error ? error.message : String(error);
    throw position === null ? new Error(sentence) : at(sentence, Number(position[1]), Number(position[2]));
  }
}

function at(sentence: string, line: number, column: number): Error {
  return new Error(`${sentence} (line ${line}, column ${column})`);
}
