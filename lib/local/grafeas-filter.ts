import type { NewOccurrence } from "./grafeas-document.ts";
import { Refusal } from "./server.ts";

/** Whether an occurrence is one that a filter asks for. */
export type Filter = (occurrence: NewOccurrence) => boolean;

const FIELDS: { readonly [name: string]: (occurrence: NewOccurrence) => string | undefined } = {
  resourceUrl: ({ resourceUri }) => resourceUri,
  kind: ({ kind }) => kind,
  noteProjectId: ({ noteName }) => noteName.split("/")[1],
  noteId: ({ noteName }) => noteName.split("/").at(-1),
};

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Parses the filter of a list request: comparisons `field="value"` joined by AND, OR, NOT and parentheses. As in AIP-160,
 * OR binds tighter than AND. An empty filter means everything. Throws {@link Refusal} (400) for one it cannot read.
 */
export function parseFilter(text: string): Filter {
  const tokens = tokenize(text);
  if (tokens.length === 0) return () => true;
  const filter = parseAnd(tokens);
  const rest = tokens.shift();
  if (rest !== undefined) throw unreadable(`${JSON.stringify(rest.text)} is not expected there`);
  return filter;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const next = /\s*(?:"((?:[^"\\]|\\.)*)"|([()=])|([^\s()="]+))/y;
  while (text.slice(next.lastIndex).trim() !== "") {
    const at = next.lastIndex;
    const [, quoted, sign, word] = next.exec(text) ?? [];
    if (quoted !== undefined) tokens.push({ text: quoted.replaceAll(/\\(.)/g, "$1"), quoted: true });
    else if ((sign ?? word) === undefined)
      throw unreadable(`it breaks off at ${JSON.stringify(text.slice(at))}`);
    else tokens.push({ text: sign ?? word ?? "", quoted: false });
  }
  return tokens;
}

function parseAnd(tokens: Token[]): Filter {
  const all = [parseOr(tokens)];
  while (takes(tokens, "AND")) all.push(parseOr(tokens));
  return (occurrence) => all.every((filter) => filter(occurrence));
}

function parseOr(tokens: Token[]): Filter {
  const some = [parseTerm(tokens)];
  while (takes(tokens, "OR")) some.push(parseTerm(tokens));
  return (occurrence) => some.some((filter) => filter(occurrence));
}

function parseTerm(tokens: Token[]): Filter {
  if (takes(tokens, "NOT")) {
    const filter = parseTerm(tokens);
    return (occurrence) => !filter(occurrence);
  }
  if (takes(tokens, "(")) {
    const filter = parseAnd(tokens);
    if (!takes(tokens, ")")) throw unreadable("a parenthesis is not closed");
    return filter;
  }
  return parseComparison(tokens);
}

function parseComparison(tokens: Token[]): Filter {
  const name = tokens.shift()?.text ?? "";
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field === undefined)
    throw unreadable(`${JSON.stringify(name)} is no field; there are ${Object.keys(FIELDS)}`);
  const value = takes(tokens, "=") ? tokens.shift() : undefined;
  if (value === undefined || (!value.quoted && /^[()=]$/.test(value.text))) {
    throw unreadable(`${name} is compared with nothing`);
  }
  return (occurrence) => field(occurrence) === value.text;
}

function takes(tokens: Token[], text: string): boolean {
  const first = tokens[0];
  if (first === undefined || first.quoted || first.text !== text) return false;
  tokens.shift();
  return true;
}

function unreadable(why: string): Refusal {
  return new Refusal(400, `the filter is invalid: ${why}`, "INVALID_ARGUMENT");
}
