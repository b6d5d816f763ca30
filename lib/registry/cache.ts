import { LRUCache } from "lru-cache";
import type { Digest } from "../image/digest.ts";

/** Content that was fetched, and found to be what its digest names. */
export interface Content {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** As it was served, lower case, without parameters. */
  readonly mediaType?: string;
}

/** What an entry takes besides its bytes and what they lie in: keys, the entry itself. Rounded up. */
const OVERHEAD = 1024;

/** Content by (host, repository, digest), the least used forgotten first. It never takes more than `bytes`. */
export type ContentCache = LRUCache<string, Content>;

export function createCache(bytes: number): ContentCache {
  return new LRUCache({
    maxSize: bytes,
    sizeCalculation: ({ bytes }, key) => bytes.buffer.byteLength + 2 * key.length + OVERHEAD,
  });
}
