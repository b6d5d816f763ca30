import type { About, Counted, Followed, Timed } from "../ports.ts";

export type Trace = NonNullable<Followed["trace"]>;

/** Where measurements go, and, for a backend that knows traces, spans. */
export interface Backend {
  count(what: Counted, about: About): void;
  time(what: Timed, milliseconds: number, about: About): void;
  /** Begins the span of a whole. Absent where the backend knows no traces. */
  readonly open?: (followed: Followed) => OpenSpan;
  /** Settles when everything told so far was sent; rejects where it was not. */
  flush(): Promise<void>;
  /** Ends its connections and timers. */
  close(): Promise<void>;
}

/** A span that has begun. */
export interface OpenSpan {
  readonly trace: Trace;
  child(name: string): OpenSpan;
  describe(attributes: Attributes): void;
  /** `fault` is what it failed with, where it did. */
  end(fault?: unknown): void;
}

export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined;
}
