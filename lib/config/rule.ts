import type { FileConfig } from "./schema.ts";
import type { Overrides } from "./settings.ts";

/** What a rule found, at a dotted key. */
export interface Found {
  readonly key: string;
  readonly message: string;
}

/** Something that holds between settings. It is asked only where all that it reads could be read. */
export interface Rule {
  readonly reads: readonly (keyof FileConfig)[];
  find(file: FileConfig, overrides: Overrides): readonly Found[];
}
