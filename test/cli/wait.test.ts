import { describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/app.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import { whilePending } from "../../lib/cli/wait.ts";

const NEVER = new AbortController().signal;

function verdict(status: "pass" | "pending"): Verdict {
  const results = [{ name: "snakeoil", status, success: status === "pass", attested: false }];
  const platform = { platform: "linux/arm64", digest: "sha256:1", success: false, attested: false, results };
  return {
    image: "a@sha256:1",
    kind: "index",
    success: false,
    attested: false,
    results,
    platforms: [platform],
    skipped: [],
  };
}

function listening(): Terminal & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    out: () => {},
    err: (text) => void heard.push(text),
    columns: 80,
    style: (_, text) => text,
  };
}

describe("waiting for evidence", () => {
  it("asks again until nothing is pending, and says what it waits for", async () => {
    const answers = [verdict("pending"), verdict("pending"), verdict("pass")];
    const terminal = listening();
    const asked = async () => answers.shift() ?? verdict("pending");
    const last = await whilePending(asked, { seconds: 60, pauseSeconds: 0.001, terminal, signal: NEVER });
    expect(last.results[0]?.status).toBe("pass");
    expect(terminal.heard).toHaveLength(2);
    expect(terminal.heard[0]).toBe("waiting, 0 of 60 s: linux/arm64 snakeoil");
  });

  it("gives each question the answer before, so that it can be about the same image", async () => {
    const [first, second] = [verdict("pending"), verdict("pass")];
    const given: (Verdict | undefined)[] = [];
    const asked = async (before?: Verdict) => {
      given.push(before);
      return before === undefined ? first : second;
    };
    const waiting = { seconds: 60, pauseSeconds: 0.001, terminal: listening(), signal: NEVER };
    expect(await whilePending(asked, waiting)).toBe(second);
    expect(given).toEqual([undefined, first]);
  });

  it("says nothing where no more than the answer is wanted", async () => {
    const answers = [verdict("pending"), verdict("pass")];
    const terminal = listening();
    const asked = async () => answers.shift() ?? verdict("pending");
    await whilePending(asked, { seconds: 60, pauseSeconds: 0.001, quiet: true, terminal, signal: NEVER });
    expect(terminal.heard).toEqual([]);
  });

  it("asks once where no time is given", async () => {
    const terminal = listening();
    const last = await whilePending(async () => verdict("pending"), { seconds: 0, terminal, signal: NEVER });
    expect(last.results[0]?.status).toBe("pending");
    expect(terminal.heard).toEqual([]);
  });

  it("ends at once when it is interrupted", async () => {
    const interrupt = new AbortController();
    const waiting = whilePending(async () => verdict("pending"), {
      seconds: 3600,
      terminal: listening(),
      signal: interrupt.signal,
    });
    interrupt.abort(new Error("interrupted"));
    await expect(waiting).rejects.toThrow("interrupted");
  });
});
