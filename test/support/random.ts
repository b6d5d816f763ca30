/** Chance that a seed decides: the same seed gives the same numbers, on every machine. */
export interface Random {
  /** A whole number from 0 up to, and not with, `n`. */
  below(n: number): number;
  /** Whether something happens that happens `share` of all times. */
  chance(share: number): boolean;
  /** One of `items`, of which there has to be one. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** `items` in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** Marsaglia's xorshift on 32 bits: small and fast, and far from fit for secrets. */
export function randomFrom(seed: number): Random {
  // It knows no zero; a seed is spread over all bits, so that neighbours do not begin alike.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 8; round += 1) next();
  const below = (n: number) => Math.floor(next() * n);
  return {
    below,
    chance: (share) => next() < share,
    pick: (items) => items[below(items.length)] ?? items[0],
    shuffle(items) {
      const shuffled = [...items];
      for (let at = shuffled.length - 1; at > 0; at -= 1) {
        const other = below(at + 1);
        [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]] as [never, never];
      }
      return shuffled;
    },
  };
}
