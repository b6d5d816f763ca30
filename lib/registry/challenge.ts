/** One way to sign in that a server offers: RFC 9110, section 11.6.1. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** By lower-case name; of one that is given twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const SCHEME = new RegExp(`[\\s,]*(${TOKEN})(?=[\\s,]|$)`, "y");
/** Unquoted values are read as far as they go: some registries send a URL like that. */
const PARAMETER = new RegExp(`[\\s,]*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`, "y");

/**
 * Returns the challenges of `WWW-Authenticate`, in the order in which they are offered: several in one header, several
 * headers, or both. What comes after something unreadable is left out.
 */
export function parseChallenges(headers: string | readonly string[] | undefined): readonly Challenge[] {
  return [headers ?? []].flat().flatMap(parseHeader);
}

function parseHeader(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  for (;;) {
    SCHEME.lastIndex = at;
    const scheme = SCHEME.exec(header)?.[1];
    if (scheme === undefined) return challenges;
    const { parameters, end } = parseParameters(header, SCHEME.lastIndex);
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    at = end;
  }
}

function parseParameters(header: string, start: number): { parameters: Map<string, string>; end: number } {
  const parameters = new Map<string, string>();
  let end = start;
  for (;;) {
    PARAMETER.lastIndex = end;
    const [, name, quoted, bare] = PARAMETER.exec(header) ?? [];
    if (name === undefined) return { parameters, end };
    end = PARAMETER.lastIndex;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
  }
}
