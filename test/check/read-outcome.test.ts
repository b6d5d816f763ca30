import { describe, expect, it } from "vitest";
import { error, fail, type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { readOutcome } from "../../lib/check/read-outcome.ts";
import { VoucherError } from "../../lib/errors.ts";

const finding = { id: "CVE-2026-1", severity: "high", package: "openssl" };

describe("an answer that is an outcome", () => {
  const fault = new VoucherError("unavailable", "busy", { retryable: true });
  it.each<[string, unknown, Outcome]>([
    ["a pass", { status: "pass" }, pass],
    ["a pass with more to say", { status: "pass", reason: "fine" }, pass],
    ["a fail", { status: "fail", reason: "no" }, fail("no")],
    ["a fail with findings", { status: "fail", reason: "no", findings: [finding] }, fail("no", [finding])],
    [
      "a finding with a fix",
      { status: "fail", reason: "no", findings: [{ ...finding, fixedIn: "3.0.1", more: 1 }] },
      fail("no", [{ ...finding, fixedIn: "3.0.1" }]),
    ],
    ["a fail that found nothing", { status: "fail", reason: "no", findings: [] }, fail("no", [])],
    ["pending a scan", { status: "pending", awaiting: "scan", reason: "soon" }, pending("scan", "soon")],
    ["pending CI", { status: "pending", awaiting: "ci", reason: "soon" }, pending("ci", "soon")],
    ["pending a build", { status: "pending", awaiting: "build", reason: "soon" }, pending("build", "soon")],
    ["an error of ours", { status: "error", error: fault }, error(fault)],
  ])("%s", (_, answer, outcome) => {
    expect(readOutcome(answer)).toEqual(outcome);
  });

  it("says it on one line, whatever it repeats of an image", () => {
    const hostile = "eve\u001b[2J\nall is \u202ewell\r";
    const tame = "eve [2J all is well";
    expect(readOutcome({ status: "fail", reason: hostile, findings: [{ ...finding, id: hostile }] })).toEqual(
      fail(tame, [{ ...finding, id: tame }]),
    );
    expect(readOutcome({ status: "pending", awaiting: "scan", reason: hostile })).toEqual(
      pending("scan", tame),
    );
    expect(readOutcome({ status: "error", error: new Error(hostile) })).toMatchObject({
      error: { message: tame },
    });
  });

  it.each([
    ["an Error", new Error("busy"), false],
    ["an Error that may pass", Object.assign(new Error("busy"), { retryable: true }), true],
    ["an Error that only almost says so", Object.assign(new Error("busy"), { retryable: "yes" }), false],
  ])("%s of somebody else's is internal", (_, thrown, retryable) => {
    const outcome = readOutcome({ status: "error", error: thrown });
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "internal",
      message: "busy",
      retryable,
      cause: thrown,
    });
  });
});

describe("an answer that makes no sense", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "its answer is no object"],
    ["null", null, "its answer is no object"],
    ["true, which was Voucher's pass", true, "its answer is no object"],
    ["a word", "pass", "its answer is no object"],
    ["an empty object", {}, "the status of its answer is none of"],
    ["a list", [], "the status of its answer is none of"],
    ["an unknown status", { status: "passed" }, "the status of its answer is none of"],
    ["a status in other case", { status: "PASS" }, "the status of its answer is none of"],
    ["a status that is a list", { status: ["pass"] }, "the status of its answer is none of"],
    ["a fail without a reason", { status: "fail" }, "the reason of its fail is no text"],
    ["a fail with an empty reason", { status: "fail", reason: " " }, "the reason of its fail is no text"],
    ["a fail without a word", { status: "fail", reason: "\u0007\n" }, "the reason of its fail is no text"],
    ["findings that are no list", { status: "fail", reason: "no", findings: {} }, "its findings are no list"],
    [
      "a finding that is nothing",
      { status: "fail", reason: "no", findings: [null] },
      "a finding is no object",
    ],
    [
      "a finding without an id",
      { status: "fail", reason: "no", findings: [{ ...finding, id: 1 }] },
      "the id of a finding is no text",
    ],
    [
      "a finding with a fix that is no text",
      { status: "fail", reason: "no", findings: [{ ...finding, fixedIn: null }] },
      "fixedIn of a finding is no text",
    ],
    ["pending nothing", { status: "pending", reason: "soon" }, 'awaits none of "build", "scan", "ci"'],
    ["pending something else", { status: "pending", awaiting: "godot", reason: "soon" }, "awaits none of"],
    [
      "pending without a reason",
      { status: "pending", awaiting: "scan" },
      "the reason of its pending is no text",
    ],
    ["an error without one", { status: "error" }, "the error of its error is no object"],
    ["an error that says nothing", { status: "error", error: {} }, "the message of its error is no text"],
  ])("%s", (_, answer, why) => {
    expect(() => readOutcome(answer)).toThrow(why);
  });
});
