/** One line of a stream. */
export interface Line {
  /** From 1, as editors count. */
  readonly number: number;
  /** Without its line break; `undefined` where it is longer than the most. */
  readonly bytes: Uint8Array | undefined;
  /** How many bytes of the stream end with it. */
  readonly end: number;
  /** Whether a line break ended it, and not the end of the stream. */
  readonly whole: boolean;
}

const LINE_FEED = 10;
const BYTE_ORDER_MARK = Buffer.from("\uFEFF");

/**
 * Splits a stream into lines, each handed over before the next is read. No more than `most` bytes of a line are kept: what is
 * longer is read over.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Line> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let number = 0;
  let end = 0;

  const keep = (piece: Uint8Array) => {
    length += piece.length;
    if (length > most) pieces = [];
    else pieces.push(piece);
  };
  const take = (whole: boolean): Line => {
    number += 1;
    end += length + (whole ? 1 : 0);
    const bytes = length > most ? undefined : withoutMark(Buffer.concat(pieces), number);
    pieces = [];
    length = 0;
    return { number, bytes, end, whole };
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, at));
      yield take(true);
      start = at + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (length > 0) yield take(false);
}

/** Whether a line has nothing but blanks. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);
}

/** Some editors begin a file with a mark that is no part of its first line. */
function withoutMark(bytes: Buffer, number: number): Uint8Array {
  const marked = number === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}
