/** What a thread reads just now, where another can see it: a thread that hangs or has no memory left can say nothing. */
export interface SharedInput {
  readonly memory: SharedArrayBuffer;
  /** Says what is read next. */
  show(bytes: Uint8Array): void;
  /** How many were shown until now. */
  count(): number;
  /** What was shown last. */
  last(): Uint8Array;
}

const COUNT = 0;
const LENGTH = 1;
const HEADER_BYTES = 8;

/** Over memory of its own for inputs of up to `largest` bytes, or over that of another thread. */
export function sharedInput(
  of: { readonly largest: number } | { readonly memory: SharedArrayBuffer },
): SharedInput {
  const memory = "memory" in of ? of.memory : new SharedArrayBuffer(HEADER_BYTES + of.largest);
  const header = new Int32Array(memory, 0, 2);
  const content = new Uint8Array(memory, HEADER_BYTES);
  return {
    memory,
    show(bytes) {
      content.set(bytes);
      header[LENGTH] = bytes.length;
      Atomics.add(header, COUNT, 1);
    },
    count: () => Atomics.load(header, COUNT),
    last: () => content.slice(0, header[LENGTH]),
  };
}
