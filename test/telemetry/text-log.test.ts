import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createTextLog } from "../../lib/telemetry/text-log.ts";

type Fields = Parameters<ReturnType<typeof createTextLog>["record"]>[2];

function textOf(severity: "INFO" | "WARNING" | "ERROR", message: string, fields: Fields): string[] {
  const texts: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY: false });
  createTextLog({ stream, write: (text) => void texts.push(text) }).record(severity, message, fields);
  return texts.join("\n").split("\n");
}

describe("an entry at a terminal", () => {
  it("is one line: when, how grave, what, and each field by its name", () => {
    const [line, ...more] = textOf("INFO", "image attested", {
      image: "gcr.io/p/app@sha256:1",
      tag: undefined,
      durations: { resolve: 12, judge: 3 },
      labels: { outcome: "attested" },
      reason: "two words",
    });
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d INFO {4}image attested image=gcr\.io\/p\/app@sha256:1 durations\.resolve=12 durations\.judge=3 reason="two words"$/,
    );
    expect(more).toEqual([]);
  });

  it("shows of a verdict what each check said of each platform, and of the whole", () => {
    const platform = (name: string, nobody: object) => ({
      platform: name,
      results: [
        { name: "diy", status: "pass" },
        { name: "nobody", ...nobody },
      ],
    });
    const [, ...below] = textOf("INFO", "image decided", {
      verdict: {
        kind: "index",
        platforms: [
          platform("linux/amd64", { status: "pass" }),
          platform("linux/s390x", { status: "fail", error: "runs as root" }),
        ],
        results: [{ name: "nobody", status: "fail" }],
      },
    });
    expect(below).toEqual([
      "    linux/amd64  diy pass, nobody pass",
      "    linux/s390x  diy pass, nobody fail (runs as root)",
      "    index        nobody fail",
    ]);
  });

  it("shows an error's sentence, its stack only where it is one of ours to mend, and never a secret", () => {
    const error = new Error("https://user:hunter2@host refused");
    expect(textOf("WARNING", "it failed", { error }).slice(1)).toEqual(["    https://***@host refused"]);
    const [, first, second] = textOf("ERROR", "it failed", { error });
    expect(first).toBe("    Error: https://***@host refused");
    expect(second).toMatch(/^ {8}at /);
  });

  it("lets nobody whose words it shows steer the terminal", () => {
    const hostile = "\u001b[2J\u009b31m\u202eevil\nline";
    const verdict = {
      kind: "image",
      platforms: [],
      results: [{ name: "own", status: "fail", error: hostile }],
    };
    const text = textOf("WARNING", "it failed", { hostile, verdict, error: new Error(hostile) }).join("\n");
    expect(text).toContain("evil");
    for (const control of ["\u001b", "\u009b", "\u202e"]) expect(text).not.toContain(control);
  });

  it("is coloured where somebody looks", () => {
    const texts: string[] = [];
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      hasColors: () => true,
      getColorDepth: () => 8,
    });
    createTextLog({ stream, write: (text) => void texts.push(text) }).record("ERROR", "no", {});
    expect(texts.join()).toContain("\u001b[31m");
  });
});
