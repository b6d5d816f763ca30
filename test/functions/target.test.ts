import { describe, expect, it } from "vitest";
import { portOf, targetOf } from "../../functions/target.ts";

const MAIN = ["node", "framework/main.js"];

describe("the target of a process", () => {
  it.each([
    [["--source=dist/index.mjs", "--target=api", "--port=8080"], {}, "api"],
    [["--target", "api", "--port", "8080"], {}, "api"],
    [["--port=8080"], { FUNCTION_TARGET: "api" }, "api"],
    [["--target=onPush"], { FUNCTION_TARGET: "api" }, "onPush"],
    [["--port=8080"], {}, undefined],
  ])("of %j and %j is %s, as the framework reads it", (args, env, target) => {
    expect(targetOf([...MAIN, ...args], env)).toBe(target);
  });
});

describe("the port of a process", () => {
  it.each([
    [["--target=api", "--port=8000"], { PORT: "9000" }, "8000"],
    [["--target=api"], { PORT: "9000" }, "9000"],
    [["--target=api"], {}, "8080"],
  ])("of %j and %j is %s, as the framework reads it", (args, env, port) => {
    expect(portOf([...MAIN, ...args], env)).toBe(port);
  });
});
