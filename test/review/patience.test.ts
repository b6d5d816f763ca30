import { describe, expect, it } from "vitest";
import { fail, pass, pending } from "../../lib/check/contract.ts";
import { endOfPatience } from "../../lib/review/patience.ts";

const patience = { since: new Date("2026-11-25T12:00:00Z"), maxMinutes: 60 };
const soon = new Date("2026-11-25T12:59:59Z");
const late = new Date("2026-11-25T13:00:00Z");

describe("evidence that is awaited", () => {
  it("is awaited until patience ends", () => {
    const outcome = pending("scan", "the scan is running");
    expect(endOfPatience(outcome, patience, soon)).toBe(outcome);
  });

  it("is awaited for ever by whoever sets no limit", () => {
    const outcome = pending("scan", "the scan is running");
    expect(endOfPatience(outcome, undefined, late)).toBe(outcome);
  });

  it("fails the image where it is a build record that never came", () => {
    const ended = endOfPatience(pending("build", "no build record"), patience, late);
    expect(ended).toEqual(fail("no build record; waited for 60 minutes (pending.max_minutes is 60)"));
  });

  it.each([pending("scan", "the scan is running"), pending("ci", "CI is still running")])(
    "is a permanent error where it never finished: %o",
    (outcome) => {
      const ended = endOfPatience(outcome, patience, late);
      expect(ended).toMatchObject({ status: "error", error: { code: "waited", retryable: false } });
    },
  );

  it("changes nothing about what is decided", () => {
    expect(endOfPatience(pass, patience, late)).toBe(pass);
  });
});
