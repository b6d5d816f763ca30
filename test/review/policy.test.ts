import { describe, expect, it } from "vitest";
import { error, fail, type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { PlatformReview } from "../../lib/review/judgement.ts";
import { indexOutcome } from "../../lib/review/policy.ts";
import { at, REPOSITORY } from "../support/fake-images.ts";

const platforms = (outcomes: { readonly [platform: string]: Outcome }): PlatformReview[] =>
  Object.entries(outcomes).map(([platform, outcome]) => ({
    reference: at(REPOSITORY, digestOf(Buffer.from(platform))),
    platform: parsePlatform(platform),
    judgements: [
      { checkName: "other", outcome: fail("other") },
      { checkName: "nobody", outcome },
    ],
  }));

const permanent = error(new VoucherError("digest-mismatch", "its bytes are others"));
const passing = error(new VoucherError("network", "the connection broke", { retryable: true }));

describe("the outcome of a check for an index", () => {
  it.each<[string, { readonly [platform: string]: Outcome }, string]>([
    ["passes when every platform passed", { "linux/amd64": pass, "linux/arm64": pass }, "pass"],
    [
      "fails when one failed, whatever the others are",
      { "a/b": pass, "a/c": fail("no"), "a/d": permanent },
      "fail",
    ],
    ["is a failure before it is pending", { "a/b": pending("scan", "a scan"), "a/c": fail("no") }, "fail"],
    ["is an error when one could not be judged", { "a/b": pass, "a/c": permanent }, "error"],
    ["is an error before it is pending", { "a/b": pending("scan", "a scan"), "a/c": permanent }, "error"],
    ["is pending when evidence is awaited", { "a/b": pass, "a/c": pending("scan", "a scan") }, "pending"],
  ])("%s", (_, outcomes, status) => {
    expect(indexOutcome("nobody", platforms(outcomes)).status).toBe(status);
  });

  it("names every platform that failed, with its reason", () => {
    const outcomes = { "linux/amd64": fail("one"), "linux/arm64": pass, "linux/arm/v7": fail("two") };
    expect(indexOutcome("nobody", platforms(outcomes))).toEqual(fail("linux/amd64: one; linux/arm/v7: two"));
  });

  it("is retryable as long as one of its errors is", () => {
    const outcome = indexOutcome("nobody", platforms({ "a/b": permanent, "a/c": passing }));
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "network",
      retryable: true,
      message: "a/b: its bytes are others; a/c: the connection broke",
    });
  });

  it("is never a vacuous pass: of no platforms, or of none that the check judged", () => {
    expect(indexOutcome("nobody", []).status).toBe("error");
    expect(indexOutcome("snakeoil", platforms({ "a/b": pass })).status).toBe("error");
  });
});
