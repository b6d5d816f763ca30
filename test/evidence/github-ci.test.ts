import { describe, expect, it } from "vitest";
import type { FakeContext } from "../support/github-graph.ts";
import { asking, withHead } from "./github-asking.ts";

const ciOf = async (contexts: readonly FakeContext[], rollup = "SUCCESS") => {
  const { commit } = await asking({ repositories: [withHead({ contexts, rollup })] });
  return (await commit()).ci;
};

describe("CI", () => {
  it.each(["SUCCESS", "NEUTRAL", "SKIPPED"])(
    "passed with a check run that ended as %s",
    async (conclusion) => {
      expect(await ciOf([{ run: "build" }, { run: "lint", conclusion }])).toEqual({
        state: "passed",
        failing: [],
      });
    },
  );

  it.each(["FAILURE", "CANCELLED", "TIMED_OUT", "ACTION_REQUIRED", "STARTUP_FAILURE", "STALE"])(
    "failed with a check run that ended as %s",
    async (conclusion) => {
      const contexts = [{ run: "build" }, { run: "lint", conclusion }];
      expect(await ciOf(contexts, "FAILURE")).toEqual({ state: "failed", failing: ["lint"] });
    },
  );

  it.each(["QUEUED", "IN_PROGRESS", "WAITING", "PENDING", "REQUESTED"])(
    "is running while a check run is %s",
    async (status) => {
      expect(await ciOf([{ run: "build" }, { run: "lint", status }], "PENDING")).toEqual({
        state: "running",
        failing: [],
      });
    },
  );

  it.each([
    ["SUCCESS", "passed", []],
    ["PENDING", "running", []],
    ["EXPECTED", "running", []],
    ["FAILURE", "failed", ["ci/lint"]],
    ["ERROR", "failed", ["ci/lint"]],
  ])("with a status of %s %s", async (state, expected, failing) => {
    expect(await ciOf([{ status: "ci/lint", state }], state)).toEqual({ state: expected, failing });
  });

  it("failed as soon as something failed, whatever still runs", async () => {
    const contexts = [
      { run: "slow", status: "IN_PROGRESS" },
      { run: "lint", conclusion: "FAILURE" },
      { run: "lint", conclusion: "FAILURE" },
      { status: "ci/\u001b[31mred", state: "ERROR" },
    ];
    expect(await ciOf(contexts, "FAILURE")).toEqual({ state: "failed", failing: ["lint", "ci/ [31mred"] });
  });

  it("is none where nothing was run", async () => {
    expect(await ciOf([])).toEqual({ state: "none", failing: [] });
  });

  it("did not pass where GitHub says so of what we cannot see", async () => {
    expect(await ciOf([{ run: "build" }], "FAILURE")).toEqual({
      state: "failed",
      failing: ["the combined status"],
    });
    expect(await ciOf([{ run: "build" }], "PENDING")).toEqual({ state: "running", failing: [] });
  });
});
