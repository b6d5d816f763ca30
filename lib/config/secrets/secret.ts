import { inspect } from "node:util";

const MASK = "***";

/** A value that nobody may see. Wherever it slips into text, JSON or a log, it says `***`; {@link reveal} alone tells it. */
export class Secret {
  readonly #ask: () => Promise<string>;

  /** `value` is the secret itself, or what fetches it; that is asked each time and may keep its answer. */
  constructor(value: string | (() => Promise<string>)) {
    this.#ask = typeof value === "string" ? async () => value : value;
  }

  /** Returns the secret. Throws where it has to be fetched and cannot be; who asks again tries again. */
  reveal(): Promise<string> {
    return this.#ask();
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
