import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../lib/config/secrets/secret.ts";
import { createJsonLog } from "../../../lib/telemetry/json-log.ts";

const secret = new Secret("s3cret");

describe("a secret", () => {
  it("is told to who reveals it", async () => {
    expect(await secret.reveal()).toBe("s3cret");
  });

  it.each([
    ["text", () => `${secret}`],
    ["a sum", () => `${[secret]}`],
    ["String()", () => String(secret)],
    ["JSON", () => JSON.stringify({ token: secret })],
    ["what a console prints", () => inspect({ deep: { down: [secret] } }, { showHidden: true, depth: 9 })],
    ["a format", () => format("%s %o %O %j", secret, secret, secret, secret)],
    ["a Map that is printed", () => inspect(new Map([["diy", { armoredKey: secret }]]))],
    [
      "an error that carries it",
      () => inspect(Object.assign(new Error("no"), { secret, cause: { secret } })),
    ],
  ])("says *** in %s", (_, slip) => {
    expect(slip()).toContain("***");
    expect(slip()).not.toContain("s3cret");
  });

  it("says *** in a log", () => {
    const lines: string[] = [];
    createJsonLog({ write: (line) => lines.push(line) }).record("ERROR", "no", { secret });
    expect(lines).toEqual([expect.stringContaining('"secret":"***"')]);
  });

  it("has nothing that can be listed or copied", () => {
    expect(Object.keys(secret)).toEqual([]);
    expect(JSON.stringify(structuredClone(secret))).toBe("{}");
  });

  it("is fetched when it is revealed, and again after a failure", async () => {
    let asked = 0;
    const fetched = new Secret(async () => {
      asked += 1;
      if (asked === 1) throw new Error("not yet");
      return "s3cret";
    });
    expect(asked).toBe(0);
    await expect(fetched.reveal()).rejects.toThrow("not yet");
    expect(await fetched.reveal()).toBe("s3cret");
  });
});
