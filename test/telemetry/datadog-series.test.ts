import { describe, expect, it } from "vitest";
import { DatadogSeries } from "../../lib/telemetry/datadog-series.ts";

/** Series by a clock that stands at second 1000 until it is put forward. */
function seriesAt() {
  let now = 1_000_000;
  const series = new DatadogSeries(["env:test"], () => now);
  const forward = (seconds: number) => {
    now += seconds * 1000;
  };
  return { series, forward };
}

describe("what is measured within one second", () => {
  it("is sent again, whole, where it goes on after it was sent: of two points the later one counts", () => {
    const { series } = seriesAt();
    series.count("m", ["check:diy"]);
    expect(series.take().map(({ points }) => points)).toEqual([[[1000, 1]]]);
    series.count("m", ["check:diy"]);
    expect(series.take().map(({ points }) => points)).toEqual([[[1000, 2]]]);
  });

  it("is sent once where nothing is added", () => {
    const { series } = seriesAt();
    series.count("m", []);
    series.take();
    expect(series.take()).toEqual([]);
  });

  it("is apart from the next second, from other tags and from other metrics", () => {
    const { series, forward } = seriesAt();
    series.count("m", ["check:diy"]);
    series.count("m", ["check:nobody"]);
    series.count("n", ["check:diy"]);
    forward(1);
    series.count("m", ["check:diy"]);
    const taken = series.take();
    expect(taken.map(({ metric, tags, points }) => [metric, tags[1], points[0]?.[0]])).toEqual([
      ["m", "check:diy", 1000],
      ["m", "check:nobody", 1000],
      ["n", "check:diy", 1000],
      ["m", "check:diy", 1001],
    ]);
  });

  it("is forgotten once it is over and sent", () => {
    const { series, forward } = seriesAt();
    series.count("m", []);
    series.take();
    forward(10);
    series.take();
    forward(-10);
    series.count("m", []);
    expect(series.take()[0]?.points).toEqual([[1000, 1]]);
  });
});

it.each([
  [[5], 5, 5],
  [Array.from({ length: 100 }, (_, at) => at + 1), 95, 99],
  [Array.from({ length: 20 }, (_, at) => at + 1), 19, 20],
])("a percentile is the least time that so many do not exceed", (times, p95, p99) => {
  const { series } = seriesAt();
  for (const time of times) series.time("t", time, []);
  const value = (ending: string) =>
    series.take().find(({ metric }) => metric === `t.${ending}`)?.points[0]?.[1];
  expect(value("95percentile")).toBe(p95);
  for (const time of times) series.time("t", time, []);
  expect(value("99percentile")).toBe(p99);
});
