import type { VoucherError } from "../errors.ts";
import type { Headers } from "../wire.ts";
import type { Reach } from "./address.ts";

/** One HTTP request. */
export interface Request {
  readonly url: URL;
  readonly reach: Reach;
  readonly headers: { readonly [name: string]: string };
  /** GET where nothing is said. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** What is sent. A form holds credentials. */
  readonly body?: Uint8Array | URLSearchParams;
  /** The most bytes of a successful answer, and the error of one that has more. */
  readonly most: { readonly bytes: number; readonly error: () => VoucherError };
}

/** The answer to one HTTP request, whatever its status. */
export interface Answer {
  readonly status: number;
  /** Header values by their lower-case name; of a header given several times, all of them. */
  readonly headers: Headers;
  /** The whole body; empty for an error answer that is too long or compressed. */
  readonly bytes: Uint8Array;
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfter?: number;
}

/** The value of a header that is given once; the first of several. */
export function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
