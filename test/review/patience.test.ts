import { describe, expect, it } from "vitest";
import { fail, pass, pending } from "../../lib/check/contract.ts";
import { endOfPatience } from "../../lib/review/patience.ts";

const soon = { minutes: 59.99, maxMinutes: 60 };
const late = { minutes: 60, maxMinutes: 60 };

describe("evidence that is awaited", () => {
  it("is awaited until patience ends", () => {
    const outcome = pending("scan", "the scan is running");
    expect(endOfPatience(outcome, soon)).toBe(outcome);
  });

  it("is awaited for ever by whoever sets no limit", () => {
    const outcome = pending("scan", "the scan is running");
    expect(endOfPatience(outcome, undefined)).toBe(outcome);
  });

  it("fails the image where it is a build record that never came", () => {
    const ended = endOfPatience(pending("build", "no build record"), late);
    expect(ended).toEqual(fail("no build record; waited for 60 minutes (pending.max_minutes is 60)"));
  });

  it.each([pending("scan", "the scan is running"), pending("ci", "CI is still running")])(
    "is a permanent error where it never finished: %o",
    (outcome) => {
      const ended = endOfPatience(outcome, late);
      expect(ended).toMatchObject({ status: "error", error: { code: "waited", retryable: false } });
    },
  );

  it("changes nothing about what is decided", () => {
    expect(endOfPatience(pass, late)).toBe(pass);
  });
});
