import fc from "fast-check";
import { NAMES } from "./hostile.ts";

/** What is done to bytes, wherever `at` falls among them. */
type Change = (bytes: Buffer, at: number) => Buffer;

/** Put between other bytes: no UTF-8, half a character, a mark that only begins a file, ends of lines and of texts. */
const PIECES: readonly Buffer[] = [
  Buffer.of(0),
  Buffer.of(0xff),
  Buffer.of(0xc0, 0xaf),
  Buffer.of(0xed, 0xa0, 0x80),
  Buffer.of(0xf0, 0x9f),
  ...["\ufeff", "\r\n", "\n", "\n\n", "\r", "\t", "\u0085", "\u2028", "\u001b[2J", '"', "\\", "\\u0000"].map(
    (text) => Buffer.from(text),
  ),
];

function spliced(put: Uint8Array, cut = 0): Change {
  return (bytes, at) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
}

const edits = fc.tuple(fc.constantFrom(...PIECES), fc.nat(4)).map(([put, cut]) => spliced(put, cut));
const flips = fc.integer({ min: 1, max: 255 }).map(
  (mask): Change =>
    (bytes, at) =>
      spliced(Buffer.of((bytes[at] ?? 0) ^ mask), 1)(bytes, at),
);
const cuts = fc.nat(40).map((length) => spliced(Buffer.alloc(0), length));
const ends = fc.constant<Change>((bytes, at) => bytes.subarray(0, at));
const repeats = fc.tuple(fc.nat(60), fc.constantFrom(1, 1, 1, 3, 1_000)).map(
  ([length, times]): Change =>
    (bytes, at) =>
      spliced(Buffer.concat(Array<Buffer>(times).fill(bytes.subarray(at, at + length))))(bytes, at),
);
/** The whole in another guise. */
const wholes = fc.constantFrom<Change>(
  (bytes) => Buffer.concat([Buffer.from("\ufeff"), bytes]),
  (bytes) => Buffer.from(bytes.toString(), "utf16le"),
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes) => Buffer.concat([bytes, Buffer.alloc(1_000)]),
  (bytes) => Buffer.concat([Buffer.alloc(70_000, " "), bytes]),
  (bytes) => Buffer.concat([bytes, Buffer.alloc(70_000, "\n")]),
);

function applied(bytes: Buffer, changes: readonly (readonly [number, Change])[]): Buffer {
  return changes.reduce((sofar, [at, change]) => change(sofar, at % (sofar.length + 1)), bytes);
}

/** These bytes, mostly as they are. */
export function spoiltBytes(texts: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat(), fc.oneof(edits, flips, cuts, ends, repeats, wholes)), {
    minLength: 1,
    maxLength: 2,
  });
  const some = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: changes });
  return fc.tuple(texts, some).map(([text, spoils]) => applied(Buffer.from(text), spoils));
}

/** A text of `samples`, with words of its format in places where they do not belong. */
export function spoiltText(samples: readonly string[], words: readonly string[]): fc.Arbitrary<Buffer> {
  const tokens = fc.constantFrom(...words, ...words, ...NAMES).map((text) => Buffer.from(text));
  const puts = fc.tuple(tokens, fc.constantFrom(0, 0, 1, 5)).map(([put, cut]) => spliced(put, cut));
  const floods = fc
    .tuple(tokens, fc.constantFrom(20, 1_000, 20_000))
    .map(([put, times]) => spliced(Buffer.concat(Array<Buffer>(times).fill(put))));
  const change = fc.oneof(
    { weight: 12, arbitrary: puts },
    { weight: 1, arbitrary: floods },
    { weight: 6, arbitrary: fc.oneof(edits, flips, cuts, ends, repeats, wholes) },
  );
  const changes = fc.array(fc.tuple(fc.nat(), change), { maxLength: 3 });
  return fc
    .tuple(fc.constantFrom(...samples), changes)
    .map(([text, spoils]) => applied(Buffer.from(text), spoils));
}
