import { VoucherError } from "../errors.ts";
import type { Found, Source } from "./event.ts";
import { isBlank, linesOf } from "./lines.ts";
import { LONGEST_LINE, readLine } from "./read-line.ts";

/** A file that is read as it is needed. */
export interface InputFile {
  /** Its whole path, or what else it is. */
  readonly name: string;
  readonly chunks: () => AsyncIterable<Uint8Array>;
  /** In bytes, where that is known. */
  readonly size?: number | undefined;
}

/** The events of a file, one a line; blank lines are none. */
export function eventsIn({ name, chunks, size }: InputFile): Source {
  return {
    name: `events of ${name}`,
    distinct: false,
    async *events(stop): AsyncGenerator<Found> {
      for await (const { number, bytes, end } of linesOf(chunks(), LONGEST_LINE)) {
        if (stop.aborted) return;
        if (bytes !== undefined && isBlank(bytes)) continue;
        if (number === 1 && bytes !== undefined && isOpenList(bytes)) throw notOneALine(name);
        yield { where: `line ${number}`, through: end, of: size, read: () => readLine(bytes) };
      }
    },
  };
}

/** As `gcloud … --format=json` and most editors write a list: each of its lines would fail for itself. */
function isOpenList(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 100)).toString("latin1").trim() === "[";
}

function notOneALine(name: string): VoucherError {
  return new VoucherError(
    "usage",
    `${name} is a list written over many lines; write one event a line, as jq -c '.[]' does`,
  );
}
