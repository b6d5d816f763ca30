import { describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/app.ts";
import { mergeVerdicts } from "../../lib/cli/client-merge.ts";

type Result = Verdict["results"][number];

const passed = (name: string): Result => ({ name, status: "pass", success: true, attested: true });
const failed = (name: string): Result => ({ name, status: "fail", success: false, attested: false });

function verdictOf(results: readonly Result[], more: Partial<Verdict> = {}): Verdict {
  const success = results.every((one) => one.success);
  const platform = (name: string, digest: string) => ({
    platform: name,
    digest,
    success,
    attested: success,
    results,
  });
  return {
    image: "gcr.io/team/app@sha256:1",
    kind: "index",
    success,
    attested: success,
    results,
    platforms: [platform("linux/amd64", "sha256:2"), platform("linux/arm64", "sha256:3")],
    skipped: [{ digest: "sha256:4", reason: "attestation-manifest" }],
    ...more,
  };
}

describe("verdicts on one image, each of other checks", () => {
  it("are one verdict with all of them, for the image and for each platform, in their order", () => {
    const merged = mergeVerdicts(verdictOf([passed("diy")]), [verdictOf([failed("nobody")])]);

    expect(merged).toEqual({
      ...verdictOf([passed("diy"), failed("nobody")]),
      success: false,
      attested: false,
    });
  });

  it("say once what several of them say", () => {
    const merged = mergeVerdicts(verdictOf([passed("diy"), passed("nobody")]), [verdictOf([passed("diy")])]);

    expect(merged.results.map(({ name }) => name)).toEqual(["diy", "nobody"]);
    expect(merged.platforms).toHaveLength(2);
    expect(merged.platforms[0]?.results).toHaveLength(2);
  });

  it("keep what any of them leaves unscanned, once", () => {
    const merged = mergeVerdicts(verdictOf([passed("diy")]), [
      verdictOf([passed("snakeoil")], { unscanned: ["linux/s390x"] }),
      verdictOf([passed("nobody")], { unscanned: ["linux/s390x"] }),
    ]);

    expect(merged.unscanned).toEqual(["linux/s390x"]);
  });

  it("stay as they are where there is one", () => {
    expect(mergeVerdicts(verdictOf([passed("diy")]), [])).toEqual(verdictOf([passed("diy")]));
  });
});
