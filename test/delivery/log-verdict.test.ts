import { describe, expect, it } from "vitest";
import { verdictForLog } from "../../lib/delivery/log-verdict.ts";
import type { Verdict } from "../../lib/review/verdict.ts";

function verdictOf(platforms: number): Verdict {
  const results = Array.from({ length: 6 }, (_, at) => ({
    name: `check-${at}`,
    status: "error" as const,
    success: false,
    attested: false,
    error: "the registry answered 503; ".repeat(80),
  }));
  return {
    image: "gcr.io/p/app@sha256:1",
    kind: "index",
    success: false,
    attested: false,
    results,
    platforms: Array.from({ length: platforms }, (_, at) => ({
      platform: `linux/${at}`,
      digest: `sha256:${at}`,
      success: false,
      attested: false,
      results,
    })),
    skipped: [],
  };
}

describe("a verdict in the log", () => {
  it("is whole where it fits", () => {
    const verdict = verdictOf(2);
    expect(verdictForLog(verdict)).toBe(verdict);
  });

  it("of 128 platforms that fail by six checks fits an entry, and says how many it leaves out", () => {
    const logged = verdictForLog(verdictOf(128));
    expect(Buffer.byteLength(JSON.stringify(logged))).toBeLessThan(150_000);
    expect(logged).toMatchObject({ image: "gcr.io/p/app@sha256:1", leftOut: { platforms: 108 } });
  });
});
