import { writeSync } from "node:fs";

const STDOUT = 1;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));
const PAUSE_MS = 5;

/** Writes a whole line to stdout, however slowly it is read: a pipe that is full answers EAGAIN, and takes a part at a time. */
export function writeLine(line: string): void {
  let rest: Uint8Array = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (fault) {
      if (!(fault instanceof Error && "code" in fault && fault.code === "EAGAIN")) return; // nobody reads any more
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
    }
  }
}
