import type { Readable } from "node:stream";

const FIRST = 16 * 1024;

/**
 * Returns the bytes of `body`; `undefined` if there are more than `most`, in which case the rest is not read. Memory
 * grows with what has arrived, never with what was declared, and not with the number of pieces it arrives in.
 */
export async function readAtMost(
  body: Readable,
  most: number,
  declared: string | undefined,
): Promise<Uint8Array | undefined> {
  if (Number(declared ?? 0) > most) {
    discard(body);
    return undefined;
  }
  let room = new Uint8Array(Math.min(FIRST, most));
  let length = 0;
  for await (const chunk of body) {
    const bytes: Uint8Array = chunk;
    const needed = length + bytes.byteLength;
    if (needed > most) return undefined;
    if (needed > room.byteLength) {
      const larger = new Uint8Array(Math.min(Math.max(needed, 2 * room.byteLength), most));
      larger.set(room.subarray(0, length));
      room = larger;
    }
    room.set(bytes, length);
    length = needed;
  }
  return room.slice(0, length);
}

/** Stops reading `body` and closes its connection. */
export function discard(body: Readable): void {
  body.on("error", () => {}).destroy();
}
