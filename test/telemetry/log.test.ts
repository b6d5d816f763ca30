import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createJsonLog } from "../../lib/telemetry/json-log.ts";
import { parseLevel } from "../../lib/telemetry/log.ts";

describe("a JSON log", () => {
  it("writes one line an entry, errors with a stack only where the entry is one", () => {
    const lines: string[] = [];
    const log = createJsonLog({ write: (line) => void lines.push(line) });
    log.record("WARNING", "it went wrong", { error: new Error("why") });
    log.record("ERROR", "it went wrong", { error: new Error("why") });
    const [warning, fault] = lines.map((line) => JSON.parse(line));
    expect(warning).toMatchObject({
      severity: "WARNING",
      message: "it went wrong",
      error: { message: "why" },
    });
    expect(warning.error.stack).toBeUndefined();
    expect(fault.error.stack).toContain("Error: why");
  });

  it("writes nothing below its level", () => {
    const lines: string[] = [];
    const log = createJsonLog({ level: parseLevel("warn"), write: (line) => void lines.push(line) });
    log.record("INFO", "by the way", {});
    expect(lines).toEqual([]);
    expect(parseLevel("nonsense")).toBe("INFO");
  });

  it("writes every line whole, though its reader is slow and the pipe is full", async () => {
    const module = new URL("../../lib/telemetry/json-log.ts", import.meta.url).href;
    const script = `process.stdout; const { createJsonLog } = await import(${JSON.stringify(module)});
      const log = createJsonLog(); for (let at = 0; at < 40; at++) log.record("INFO", "x", { at, text: "y".repeat(30000) });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
    });
    const ended = once(child, "exit");
    await new Promise((resolve) => setTimeout(resolve, 500)); // nobody reads yet
    let text = "";
    child.stdout.setEncoding("utf8");
    for await (const chunk of child.stdout) text += chunk;
    expect((await ended)[0]).toBe(0);
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).at),
    ).toEqual(Array.from({ length: 40 }, (_, at) => at));
  });
});
