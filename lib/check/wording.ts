const LONGEST = 120;

/** Text from outside, for a message: quoted, shortened, control and direction-changing characters escaped. */
export function quote(text: string): string {
  const json = JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
  // JSON leaves those above ASCII as they are; terminals obey some of them.
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

/** As {@link quote}, without the quotes: for names that need none. */
export function plain(text: string): string {
  return quote(text).slice(1, -1);
}

/** Text that may be as long as it is, on one line: without control and direction-changing characters. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

/** The first `most` of `items`, and how many more there are. */
export function listed(items: readonly string[], most = 10, separator = ", "): string {
  const more = items.length - most;
  return more > 0
    ? `${items.slice(0, most).join(separator)} and ${more} more`
    : items.slice(0, most).join(separator);
}
