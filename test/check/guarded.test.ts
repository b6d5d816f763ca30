import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Check, type Outcome, pass } from "../../lib/check/contract.ts";
import { guarded } from "../../lib/check/guarded.ts";
import { VoucherError } from "../../lib/errors.ts";
import { type Platform, parsePlatform } from "../../lib/image/platform.ts";
import type { Evidence } from "../../lib/ports.ts";
import { build, commit, evidenceWith, IMAGE, SOURCE } from "./facts.ts";

/** A check as JavaScript allows it: its functions may answer anything. */
const foreign = (
  judge: (evidence: Evidence) => unknown,
  covers?: (platform: Platform) => unknown,
): Check => ({
  name: "theirs",
  description: "Theirs.",
  judge: (evidence) => judge(evidence) as Promise<Outcome>,
  ...(covers === undefined ? {} : { covers: (platform) => covers(platform) as boolean }),
});
const never = () => new Promise(() => undefined);
const faultOf = (outcome: Outcome) => (outcome.status === "error" ? outcome.error : undefined);
const judge = (check: Check, evidence = evidenceWith({}), timeoutMilliseconds = 5_000) =>
  guarded(check, { timeoutMilliseconds }).judge(evidence);

const unhandled: unknown[] = [];
const remember = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", remember);
});
afterEach(() => {
  process.off("unhandledRejection", remember);
  vi.useRealTimers();
});
/** Rejections that nobody heard are announced after the microtasks of a turn. */
const nextTurns = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("a check of somebody else's that behaves", () => {
  it("answers as it would alone, under its own name", async () => {
    const check = guarded(foreign(async () => ({ status: "fail", reason: "no" })));
    expect(check).toMatchObject({ name: "theirs", description: "Theirs." });
    expect(await check.judge(evidenceWith({}))).toEqual({ status: "fail", reason: "no" });
  });

  it("may answer without a promise", async () => {
    expect(await judge(foreign(() => ({ status: "pass" })))).toEqual(pass);
  });

  it("reads all evidence", async () => {
    const evidence = evidenceWith({
      imageConfig: IMAGE.config,
      builds: { found: [build()] },
      vulnerabilities: { awaiting: "scan", reason: "soon" },
      commit: () => commit(),
    });
    const seen: unknown[] = [];
    await judge(
      foreign(async (given) => {
        seen.push(given.image, given.at, await given.imageConfig(), await given.builds());
        seen.push(await given.vulnerabilities(), await given.commit(SOURCE));
      }),
      evidence,
    );
    expect(seen).toEqual([
      IMAGE,
      evidence.at,
      IMAGE.config,
      { found: [build()] },
      { awaiting: "scan", reason: "soon" },
      commit(),
    ]);
  });
});

describe("a check that throws", () => {
  it.each<[string, () => unknown, string]>([
    ["at once", () => assertNever(new TypeError("x is not a function")), "x is not a function"],
    ["later", () => Promise.reject(new Error("x")), "x"],
    ["what would clear a terminal", () => assertNever(new Error("x\u001b[2J\ny")), "x [2J y"],
    ["a text", () => assertNever("x"), "what it threw is no Error"],
    ["nothing", () => Promise.reject(undefined), "what it threw is no Error"],
    ["what cannot be printed", () => assertNever(Object.create(null)), "what it threw is no Error"],
  ])("%s, is an error of that check", async (_, misbehave, why) => {
    expect(faultOf(await judge(foreign(misbehave)))).toMatchObject({
      code: "internal",
      retryable: false,
      message: `the check theirs is broken: ${why}`,
    });
  });

  it("lets a fault of the evidence through as it is, so that one that passes comes back", async () => {
    const fault = new VoucherError("unavailable", "busy", { retryable: true });
    const evidence = { ...evidenceWith({}), builds: () => Promise.reject(fault) };
    expect(
      faultOf(
        await judge(
          foreign((given) => given.builds()),
          evidence,
        ),
      ),
    ).toBe(fault);
  });
});

describe("a check that answers nonsense", () => {
  it("is an error that says what is wrong with it", async () => {
    expect(faultOf(await judge(foreign(() => true)))).toMatchObject({
      code: "internal",
      message: "the check theirs is broken: its answer is no object",
    });
  });

  it("is an error where its answer cannot even be read", async () => {
    const trap = {
      get status() {
        return assertNever(new Error("trap"));
      },
    };
    expect(faultOf(await judge(foreign(() => trap)))?.message).toBe("the check theirs is broken: trap");
  });
});

describe("a check that awaits past its timeout", () => {
  it("is an error that names the time, and may be in time when tried again", async () => {
    expect(faultOf(await judge(foreign(never), evidenceWith({}), 20))).toMatchObject({
      code: "internal",
      retryable: true,
      message: "the check theirs gave no answer within 0.02 s",
    });
  });

  it("has thirty seconds unless told otherwise", async () => {
    vi.useFakeTimers();
    let outcome: Outcome | undefined;
    const judged = guarded(foreign(never)).judge(evidenceWith({}));
    void judged.then((answer) => {
      outcome = answer;
    });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome?.status).toBe("error");
  });

  it("may fail afterwards: nobody is left to hear it, and the process goes on", async () => {
    let failLater: (fault: Error) => void = () => undefined;
    const late = new Promise((_, reject) => {
      failLater = reject;
    });
    expect(
      (
        await judge(
          foreign(() => late),
          evidenceWith({}),
          5,
        )
      ).status,
    ).toBe("error");
    failLater(new Error("too late"));
    await nextTurns();
    expect(unhandled).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["answers", () => pass],
    ["throws", () => assertNever(new Error("x"))],
    ["fails later", () => Promise.reject(new Error("x"))],
  ])("leaves no timer behind where it %s in time", async (_, answer) => {
    vi.useFakeTimers();
    await judge(foreign(answer));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what a check does to its evidence", () => {
  it("is seen by no other check", async () => {
    const record = build();
    const evidence = evidenceWith({ builds: { found: [record] } });
    const meddle = foreign(async (given) => {
      const builds = await given.builds();
      if ("found" in builds) Object.assign(builds.found, { length: 0 });
      Object.assign(given.image.platform, { architecture: "s390x" });
      given.at.setFullYear(1970);
      return pass;
    });
    expect(await judge(meddle, evidence)).toEqual(pass);
    expect(await evidence.builds()).toEqual({ found: [build()] });
    expect(evidence.image.platform.architecture).toBe("amd64");
    expect(evidence.at.getFullYear()).toBe(2026);
  });

  it("may be to ask and not to wait: what then fails does not end the process", async () => {
    const evidence = { ...evidenceWith({}), builds: () => Promise.reject(new Error("busy")) };
    const careless = foreign((given) => {
      void given.builds();
      return pass;
    });
    expect(await judge(careless, evidence)).toEqual(pass);
    await nextTurns();
    expect(unhandled).toEqual([]);
  });
});

describe("the platforms that a check covers", () => {
  const arm64 = parsePlatform("linux/arm64");
  const covers = (answer: (platform: Platform) => unknown) =>
    guarded(foreign(() => pass, answer)).covers?.(arm64);

  it.each([true, false])("are those for which it answers true: %s", (answer) => {
    expect(covers(() => answer)).toBe(answer);
  });

  it("are all where it does not say", () => {
    expect(guarded(foreign(() => pass)).covers?.(arm64)).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ["throws", () => assertNever(new Error("x"))],
    ["answers nonsense", () => undefined],
    ["answers later", async () => false],
  ])("are all where it %s, and judging them is an error", async (_, answer) => {
    expect(covers(answer)).toBe(true);
    expect(faultOf(await judge(foreign(() => pass, answer)))?.code).toBe("internal");
  });
});

function assertNever(thrown: unknown): never {
  throw thrown;
}
