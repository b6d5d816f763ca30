import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { at } from "./problems.ts";

/** The faults whose own messages quote the document. */
const QUOTING: ReadonlyMap<string, string> = new Map([
  ["UNEXPECTED_TOKEN", "something does not belong there"],
  ["TAG_RESOLVE_FAILED", "a tag is not known"],
  ["BAD_DQ_ESCAPE", "an escape sequence is not known"],
  ["RESOURCE_EXHAUSTION", "it is nested too deeply"],
]);

/** Past this many, a short text could unfold into more than memory holds. */
const MOST_ALIASES = 100;

/** Reads one YAML document (1.2, with the merge keys that Voucher's reader knew). Throws an Error that says where. */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const fault = (sentence: string, offset: number) => {
    const { line, col } = lines.linePos(offset);
    return at(`is not YAML: ${sentence}`, line, col);
  };
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: "error",
    merge: true,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw fault(QUOTING.get(problem.code) ?? problem.message, problem.pos[0]);
  refuseRepeatedKeys(document, fault);
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    throw new Error("is not YAML: an alias names nothing, or aliases unfold into too much", { cause });
  }
}

/** The library's own check compares each key with every other one, which takes minutes for a large file. */
function refuseRepeatedKeys(document: Document, fault: (sentence: string, offset: number) => Error): void {
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) throw fault("a key must be plain text", map.range?.[0] ?? 0);
        const name = String(key.value);
        const again = `the key ${JSON.stringify(name)} is given twice`;
        if (seen.has(name)) throw fault(again, key.range?.[0] ?? 0);
        seen.add(name);
      }
    },
  });
}
