/** Chance that a seed decides: the same seed gives the same numbers, on every machine. */
export interface Random {
  /** A number from 0 up to, and not with, 1. */
  next(): number;
  /** A whole number from 0 up to, and not with, `n`. */
  below(n: number): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** Whether something happens that happens `share` of all times. */
  chance(share: number): boolean;
  /** One of `items`, of which there has to be one. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** One of `items`; `undefined` where there is none. */
  any<T>(items: readonly T[]): T | undefined;
  /** What has come of it so far, as a number: two runs that differ anywhere differ here. */
  fingerprint(): number;
}

/** Sfc32 (Chris Doty-Humphrey, public domain), begun from one number and the name of what it is for. */
export function randomFrom(seed: number, purpose: string): Random {
  const mixed = spread(seed);
  let [a, b, c, counter] = [mixed(), mixed(), mixed() ^ hashOf(purpose), 1];
  const next32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next32();
  const next = () => next32() / 2 ** 32;
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (share) => next() < share,
    pick: (items) => items[below(items.length)] ?? items[0],
    any: (items) => items[below(items.length)],
    fingerprint: () => (a ^ b ^ c ^ counter) >>> 0,
  };
}

/** Neighbouring seeds must not begin alike: the finaliser of MurmurHash3 over a Weyl sequence. */
function spread(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
}

function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return hash;
}
