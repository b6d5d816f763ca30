import { describe, expect, it } from "vitest";
import { drawHistory } from "./draw.ts";
import type { Happening, History, Place, Settings } from "./history.ts";
import { createOracle } from "./oracle.ts";

const APP = "registry.example/ours/app";
const at = (content: string): Place => ({ repository: APP, content });
const upload = (content: string, moment = 0): Happening => ({
  kind: "upload",
  at: moment,
  place: at(content),
});
const scan = (content: string, state: "clean" | "vulnerable", moment: number): Happening => ({
  kind: "scan",
  at: moment,
  place: at(content),
  state,
  lag: 1000,
});
const MINUTE = 60_000;

/** An index of a good image and one that runs as root, of which the index and the good one are there from the start. */
function oracleOf(happenings: readonly Happening[], settings: Partial<Settings> = {}) {
  const drawn = drawHistory(1);
  const history: History = {
    ...drawn,
    settings: {
      ...drawn.settings,
      checks: ["nobody", "snakeoil"],
      platforms: { select: "all", index: "all" },
      scanned: "all",
      validRepos: true,
      maxMinutes: 60,
      services: { ...drawn.settings.services, server: "Container Analysis", skew: 0 },
      ...settings,
    },
    repositories: [{ name: APP, standing: "ours" }],
    contents: [
      { name: "good", kind: "image", platform: "linux/amd64", user: "app" },
      { name: "root", kind: "image", platform: "linux/arm64", user: "0:0" },
      { name: "both", kind: "index", children: ["good", "root"], attestations: true },
      { name: "only", kind: "index", children: ["good"], attestations: false },
    ],
    happenings: [upload("good"), upload("both"), upload("only"), ...happenings],
  };
  return createOracle(history);
}

describe("what the oracle says", () => {
  it("owes an image what it passes all the while, and nothing that waits", () => {
    const oracle = oracleOf([scan("good", "clean", 10 * MINUTE)]);
    expect(oracle.owed(at("good"), MINUTE, 2 * MINUTE)).toEqual([{ content: "good", check: "nobody" }]);
    expect(oracle.owed(at("good"), 9 * MINUTE, 11 * MINUTE)).toHaveLength(1);
    expect(oracle.owed(at("good"), 11 * MINUTE, 12 * MINUTE)).toHaveLength(2);
  });

  it("owes an index only what each of its platforms passes", () => {
    const oracle = oracleOf([upload("root")]);
    const owed = oracle.owed(at("both"), MINUTE, 2 * MINUTE);
    expect(owed).toEqual([{ content: "good", check: "nobody" }]);
    expect(oracle.owed(at("only"), MINUTE, 2 * MINUTE)).toContainEqual({ content: "only", check: "nobody" });
    expect(oracle.rightFrom(APP, { content: "both", check: "nobody" })).toBe(Number.POSITIVE_INFINITY);
  });

  it("never finds it right to attest an index of which a child is missing", () => {
    const oracle = oracleOf([]);
    expect(oracle.rightFrom(APP, { content: "both", check: "nobody" })).toBe(Number.POSITIVE_INFINITY);
  });

  it("finds an attestation right from the moment at which everybody can see why", () => {
    const oracle = oracleOf([scan("good", "clean", 10 * MINUTE)]);
    expect(oracle.rightFrom(APP, { content: "good", check: "snakeoil" })).toBe(10 * MINUTE + 1000);
    expect(oracle.rightFrom(APP, { content: "only", check: "snakeoil" })).toBe(10 * MINUTE + 1000);
  });

  it("is certain of what comes to pass while it is waited for, and of nothing that comes too late or goes again", () => {
    const certain = (...happenings: Happening[]) =>
      oracleOf(happenings)
        .certain(at("good"), 0)
        .map(({ check }) => check);
    expect(certain(scan("good", "clean", 10 * MINUTE))).toEqual(["nobody", "snakeoil"]);
    expect(certain(scan("good", "clean", 70 * MINUTE))).toEqual(["nobody"]);
    expect(certain(scan("good", "clean", 10 * MINUTE), scan("good", "vulnerable", 90 * MINUTE))).toEqual([
      "nobody",
    ]);
  });
});
