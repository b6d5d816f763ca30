import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../../lib/config/nearest.ts";

describe("the nearest name", () => {
  it("is the one with the fewest changed letters", () => {
    expect(nearest("signr", ["scanner", "signer", "server"])).toBe("signer");
  });

  it("is the one that was only begun", () => {
    expect(nearest("timeout", ["children", "depth", "timeout_seconds"])).toBe("timeout_seconds");
  });

  it("is nothing where nothing is known", () => {
    expect(nearest("signer", [])).toBeUndefined();
  });

  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["vuln_project", "vul_project", 1],
  ])("%j is %j by as many letters as %i", (a, b, changes) => {
    expect(editDistance(a, b)).toBe(changes);
  });

  it("is as far from one name to the other as back", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => editDistance(a, b) === editDistance(b, a)));
  });
});
