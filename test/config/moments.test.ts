import { describe, expect, it } from "vitest";
import { parseInterval, parseMoment } from "../../lib/config/moments.ts";

describe("a moment", () => {
  it.each([
    ["2027-01-31", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31T12:30:00Z", "2027-01-31T12:30:00.000Z"],
    ["2027-01-31t12:30:00z", "2027-01-31T12:30:00.000Z"],
    ["2027-01-31 12:30:00+02:00", "2027-01-31T10:30:00.000Z"],
  ])("%s is %s", (written, instant) => {
    expect(parseMoment(written)).toBe(instant);
  });

  it.each(["2027-02-30", "2027-13-01", "tomorrow", "2027-01-31T12:30:00", "31.01.2027", ""])(
    "%j is none",
    (written) => {
      expect(() => parseMoment(written)).toThrow("is no date");
    },
  );
});

describe("a duration", () => {
  it.each([
    ["30s", 30],
    ["1m30s", 90],
    ["1.5h", 5400],
    ["500ms", 0.5],
  ])("%s is %d seconds", (written, seconds) => {
    expect(parseInterval(written)).toBe(seconds);
  });

  it.each(["60", "0s", "1 m", "-1s", "s", "1d"])("%j is none", (written) => {
    expect(() => parseInterval(written)).toThrow("is no duration");
  });
});
