import { describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { createCache } from "../../lib/registry/cache.ts";

describe("the cache", () => {
  it("never holds more bytes than it may, and forgets what was used longest ago", () => {
    const cache = createCache(64 * 1024);
    for (let at = 0; at < 100; at += 1) {
      const bytes = new Uint8Array(4000).fill(at);
      cache.set(`key ${at}`, { digest: digestOf(bytes), bytes });
    }

    expect(cache.calculatedSize).toBeLessThanOrEqual(64 * 1024);
    expect(cache.size * 4000).toBeLessThanOrEqual(64 * 1024);
    expect(cache.has("key 99")).toBe(true);
    expect(cache.has("key 0")).toBe(false);
  });

  it("counts what an entry takes besides its bytes, so that many small ones are bounded too", () => {
    const cache = createCache(64 * 1024);
    const bytes = new Uint8Array();
    for (let at = 0; at < 10_000; at += 1) cache.set(`key ${at}`, { digest: digestOf(bytes), bytes });

    expect(cache.size).toBeLessThan(65);
  });

  it("passes over what is larger than itself", () => {
    const cache = createCache(2048);
    const bytes = new Uint8Array(4096);
    cache.set("large", { digest: digestOf(bytes), bytes });

    expect(cache.has("large")).toBe(false);
  });
});
