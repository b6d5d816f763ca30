/** Whether a text is one that a pattern means. */
export type Glob = (text: string) => boolean;

/** Reads a pattern: `*` stands for any characters, slashes too, and `?` for one. Upper and lower case differ. */
export function parseGlob(pattern: string): Glob {
  const [first = "", ...others] = pattern.split(/\*+/);
  const last = others.pop();
  if (last === undefined) return (text) => text.length === first.length && standsAt(text, 0, first);
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !standsAt(text, 0, first) || !standsAt(text, end, last)) return false;
    // The leftmost place of each part leaves the most for those that follow, so no way has to be tried twice.
    let at = first.length;
    for (const part of others) {
      while (at + part.length <= end && !standsAt(text, at, part)) at += 1;
      if (at + part.length > end) return false;
      at += part.length;
    }
    return true;
  };
}

function standsAt(text: string, at: number, part: string): boolean {
  for (let index = 0; index < part.length; index += 1) {
    if (part[index] !== "?" && part[index] !== text[at + index]) return false;
  }
  return true;
}
