import { describe, expect, it } from "vitest";
import { batchesOf } from "../../lib/store/batches.ts";

const sizes = (items: readonly unknown[]) => batchesOf(items, (item) => item).map(({ length }) => length);
const items = (count: number, bytes: number) => Array.from({ length: count }, () => "x".repeat(bytes));

describe("batches", () => {
  it("are none where there is nothing", () => {
    expect(sizes([])).toEqual([]);
  });

  it("hold five hundred at most", () => {
    expect(sizes(items(500, 10))).toEqual([500]);
    expect(sizes(items(1001, 10))).toEqual([500, 500, 1]);
  });

  it("hold a mebibyte at most, unless a single one is larger", () => {
    expect(sizes(items(5, 400 * 1024))).toEqual([2, 2, 1]);
    expect(sizes(items(2, 2 * 1024 * 1024))).toEqual([1, 1]);
  });

  it("keep every item, in order", () => {
    const numbers = Array.from({ length: 1234 }, (_, at) => at);
    expect(batchesOf(numbers, (item) => item).flat()).toEqual(numbers);
  });
});
