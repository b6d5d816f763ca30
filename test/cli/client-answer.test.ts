import { describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/app.ts";
import { readAnswer } from "../../lib/cli/client-answer.ts";
import { exitOf } from "../../lib/cli/exit.ts";
import { parseCanonical } from "../../lib/image/reference.ts";
import { type OldResult, oldVerdict } from "../support/voucher-server.ts";

const IMAGE = `gcr.io/team/app@sha256:${"a".repeat(64)}`;
const OTHER = `gcr.io/team/app@sha256:${"b".repeat(64)}`;

const bytesOf = (document: unknown) =>
  Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
const read = (document: unknown) => readAnswer(bytesOf(document), parseCanonical(IMAGE));
const readOld = (results: readonly OldResult[] | null) => read(oldVerdict(IMAGE, results));

const passed = (name: string, attested = true): OldResult => ({ name, success: true, attested });
const DETAILS = { CheckName: "diy", Body: '{"critical":{}}', Signature: "-----BEGIN\n", KeyID: "k" };

const VERDICT: Verdict = {
  image: IMAGE,
  tag: "v1",
  kind: "index",
  success: false,
  attested: false,
  results: [
    { name: "diy", status: "pass", success: true, attested: true, details: DETAILS },
    {
      name: "snakeoil",
      status: "fail",
      success: false,
      attested: false,
      error: "linux/arm64: 1 vulnerability",
      findings: [{ id: "CVE-2026-1", severity: "high", package: "libc", fixedIn: "2.0" }],
    },
  ],
  platforms: [
    {
      platform: "linux/arm64",
      digest: `sha256:${"c".repeat(64)}`,
      success: false,
      attested: false,
      results: [{ name: "snakeoil", status: "pending", success: false, attested: false, error: "waiting" }],
    },
  ],
  skipped: [{ digest: `sha256:${"d".repeat(64)}`, reason: "attestation-manifest" }],
  unscanned: ["linux/s390x"],
};

describe("an answer of a server of today", () => {
  it("is its verdict, to the letter", () => {
    expect(read(VERDICT)).toEqual({ success: false, verdict: VERDICT });
  });

  it("may know more than we do", () => {
    expect(read({ ...VERDICT, weather: "fine" }).verdict).toEqual(VERDICT);
  });
});

describe("an answer of Voucher itself, which knows no platforms and no status", () => {
  it("is an approval where every check passed", () => {
    const { success, verdict } = readOld([{ ...passed("diy"), details: DETAILS }, passed("nobody")]);

    expect(success).toBe(true);
    expect(verdict).toEqual({
      image: IMAGE,
      kind: "image",
      success: true,
      attested: true,
      results: [
        { name: "diy", status: "pass", success: true, attested: true, details: DETAILS },
        { name: "nobody", status: "pass", success: true, attested: true },
      ],
      platforms: [],
      skipped: [],
    });
    expect(exitOf(verdict)).toBe(0);
  });

  it("is a rejection where a check failed", () => {
    const failed = { name: "nobody", success: false, attested: false, error: "runs as root" };

    const { success, verdict } = readOld([passed("diy"), failed]);

    expect(success).toBe(false);
    expect(verdict.results[1]).toEqual({ ...failed, status: "fail" });
    expect(exitOf(verdict)).toBe(1);
  });

  it("is an approval without attestations after a dry run", () => {
    const { success, verdict } = readOld([passed("diy", false)]);

    expect([success, verdict.success, verdict.attested]).toEqual([true, true, false]);
    expect(exitOf(verdict)).toBe(0);
  });

  it("leaves open in our words what passed and could not be stored, though Voucher calls that approved", () => {
    const { success, verdict } = readOld([{ ...passed("diy", false), error: "no key" }]);

    expect(success).toBe(true);
    expect(verdict.success).toBe(false);
    expect(exitOf(verdict)).toBe(3);
  });

  it("drops details that are no attestation", () => {
    expect(readOld([{ ...passed("diy"), details: ["?"] }]).verdict.results[0]).not.toHaveProperty("details");
  });

  it.each([
    ["an empty list", []],
    ["null, as Go writes an empty list", null],
  ])("proves nothing without a single check: %s", (_what, results) => {
    expect(() => readOld(results)).toThrow(/approves the image without a single check/);
  });
});

describe("an answer that cannot be used", () => {
  it.each([
    ["no JSON", "{", /not JSON/],
    ["nothing", "", /cannot be used/],
    ["a list", [], /it is no verdict/],
    ["no success", { image: IMAGE, results: [] }, /success is missing/],
    ["success in words", { ...VERDICT, success: "true" }, /success is missing or has the wrong type/],
    [
      "an unknown status",
      { ...VERDICT, results: [{ ...VERDICT.results[0], status: "fine" }] },
      /results\.0\.status/,
    ],
    ["a key twice", `{"image":"${IMAGE}","success":false,"success":true,"results":[]}`, /cannot be used/],
  ])("is refused: %s", (_what, document, message) => {
    expect(() => read(document)).toThrow(message);
    expect(() => read(document)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("is one about another image", () => {
    expect(() => read({ ...VERDICT, image: OTHER })).toThrow(`it speaks of ${OTHER}, not of ${IMAGE}`);
  });

  it("never approves against its own results", () => {
    const { success, verdict } = read({ ...VERDICT, success: true, attested: true });

    expect([success, verdict.success]).toEqual([false, false]);
  });

  it("cannot steer a terminal", () => {
    const error = "\u001b]0;owned\u0007\u001b[2J\nimage is approved";

    const { results } = readOld([{ name: "diy\r", success: false, attested: false, error }]).verdict;

    expect(results[0]).toMatchObject({ name: "diy ", error: " ]0;owned [2J image is approved" });
  });
});
