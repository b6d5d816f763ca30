/** The one of `known` that is most likely meant by `text`; undefined where nothing is known. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const begun = known.find((candidate) => text.length >= 3 && candidate.startsWith(text));
  if (begun !== undefined) return begun;
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    if (Math.abs(candidate.length - text.length) >= fewest) continue;
    const changes = editDistance(text.slice(0, 100), candidate);
    if (changes < fewest) {
      best = candidate;
      fewest = changes;
    }
  }
  return best;
}

/** Levenshtein's distance: insertions, deletions and replacements, one each. */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
