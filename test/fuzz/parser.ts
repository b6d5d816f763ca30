import type { ErrorCode } from "../../lib/errors.ts";

/** What a parser is fed with, before it is spoilt. */
export interface Samples {
  /** JSON documents that it reads. */
  readonly json?: readonly unknown[];
  /** Documents in any other format. */
  readonly text?: readonly string[];
  /** What has a meaning there, to be put where it does not belong. */
  readonly words?: readonly string[];
}

/** Something that reads bytes which somebody else wrote. */
export interface Parser {
  /** What those bytes are to be, in words. */
  readonly name: string;
  readonly samples: Samples;
  /** The codes that it refuses with. An error of any other code is a fault, and so is whatever is no VoucherError. */
  readonly refuses: readonly ErrorCode[];
  /** It works with files, or a library that takes its time: it gets a tenth of the inputs, and ten times as long for each. */
  readonly heavy?: true;
  /**
   * Returns what it read; `undefined` is a refusal too. It may throw an error of its own where it read something that nobody
   * could rely on. `folder` is for files: it is there, and nobody else writes into it meanwhile.
   */
  read(bytes: Uint8Array, folder: string): unknown;
}
