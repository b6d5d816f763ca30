import { readFile } from "node:fs/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { pass } from "../../lib/check/contract.ts";
import { checkFromModule } from "../../lib/check/from-module.ts";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { evidenceWith } from "./facts.ts";

const plain = { description: "It is fine.", judge: () => ({ status: "pass" }) };

describe("a module that exports a check", () => {
  it("makes a check of the name that the configuration gives it", async () => {
    const check = checkFromModule("mine", { check: { ...plain, name: "diy" } });
    expect(check).toMatchObject({ name: "mine", description: "It is fine." });
    expect(await check.judge(evidenceWith({}))).toEqual(pass);
  });

  it("keeps `this`, so that a class's methods work", async () => {
    class Mine {
      description = "It is fine.";
      outcome = { status: "pass" };
      judge() {
        return this.outcome;
      }
      covers() {
        return this.outcome.status === "fail";
      }
    }
    const check = checkFromModule("mine", { check: new Mine() });
    expect(await check.judge(evidenceWith({}))).toEqual(pass);
    expect(check.covers?.(parsePlatform("linux/amd64"))).toBe(false);
  });

  it("guards it: a judgement that takes too long is an error of that check", async () => {
    const check = checkFromModule(
      "mine",
      { check: { ...plain, judge: () => new Promise(() => undefined) } },
      undefined,
      {
        timeoutMilliseconds: 10,
      },
    );
    expect((await check.judge(evidenceWith({}))).status).toBe("error");
  });
});

describe("a module that exports a function", () => {
  it("makes the check of its options", async () => {
    const module = { check: (options: unknown) => ({ ...plain, description: JSON.stringify(options) }) };
    expect(checkFromModule("mine", module, { least: 1 }).description).toBe('{"least":1}');
  });

  it("gets no options where none are set", () => {
    const given: unknown[] = [];
    const module = {
      check: (...all: unknown[]) => {
        given.push(...all);
        return plain;
      },
    };
    checkFromModule("mine", module);
    expect(given).toEqual([undefined]);
  });

  it("has its refusal told as what is wrong with the options", () => {
    const cause = new Error("least must be above 0");
    const module = {
      check: () => {
        throw cause;
      },
    };
    expect(() => checkFromModule("mine", module, {})).toThrow(
      expect.objectContaining({
        code: "config",
        message:
          "checks.mine.module exports a function that cannot make a check of these options: least must be above 0",
        cause,
      }),
    );
  });
});

describe("a module that makes no check is a mistake in the configuration", () => {
  it.each<[string, unknown, unknown, string]>([
    ["no module", undefined, undefined, "exports no `check`"],
    ["an empty one", {}, undefined, "exports no `check`"],
    ["only a default export", { default: plain }, undefined, "exports no `check`"],
    ["nothing by that name", { check: null }, undefined, "makes no check"],
    ["a text", { check: "nobody" }, undefined, "makes no check"],
    ["a function that makes nothing", { check: () => undefined }, undefined, "makes no check"],
    ["a function that makes it later", { check: async () => plain }, undefined, "answers a promise"],
    ["a class", { check: class {} }, undefined, "cannot make a check"],
    ["no judge", { check: { description: "x" } }, undefined, "without a function `judge`"],
    ["no description", { check: { judge: plain.judge } }, undefined, "without a `description`"],
    ["an empty description", { check: { ...plain, description: " " } }, undefined, "without a `description`"],
    [
      "covers that is no function",
      { check: { ...plain, covers: true } },
      undefined,
      "`covers` is no function",
    ],
    ["options for a check that takes none", { check: plain }, { a: 1 }, "takes no options"],
  ])("%s", (_, module, options, why) => {
    expect(() => checkFromModule("mine", module, options)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(why) }),
    );
    expect(() => checkFromModule("mine", module, options)).toThrow(/^checks\.mine\.module /);
  });
});

describe("a function that makes its check later, and fails", () => {
  it("is the same mistake, and does not end the process", async () => {
    const unheard: unknown[] = [];
    const remember = (reason: unknown) => void unheard.push(reason);
    process.on("unhandledRejection", remember);
    onTestFinished(() => void process.off("unhandledRejection", remember));
    const check = () => Promise.reject(new Error("no network"));

    expect(() => checkFromModule("mine", { check })).toThrow("answers a promise");

    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unheard).toEqual([]);
  });
});

describe("the example of docs/checks.md", () => {
  const file = new URL("../../examples/custom-check/numeric-user.js", import.meta.url);
  const load = async (options?: unknown) => {
    const module: unknown = await import(file.href);
    return checkFromModule("numeric-user", module, options);
  };
  const judge = async (user: string, options?: unknown) => {
    const document = { os: "linux", architecture: "amd64", config: { User: user } };
    const imageConfig = parseImageConfig(Buffer.from(JSON.stringify(document)));
    return (await load(options)).judge(evidenceWith({ imageConfig }));
  };

  it("stands there word by word", async () => {
    const [page, example] = await Promise.all([
      readFile(new URL("../../docs/checks.md", import.meta.url), "utf8"),
      readFile(file, "utf8"),
    ]);
    expect(page).toContain(`\`\`\`js\n${example}\`\`\``);
  });

  it.each<[string, unknown, string]>([
    ["10001", undefined, "pass"],
    ["10001:10001", undefined, "pass"],
    ["1", undefined, "pass"],
    ["0", undefined, "fail"],
    ["00", undefined, "fail"],
    ["", undefined, "fail"],
    ["app", undefined, "fail"],
    ["app:10001", undefined, "fail"],
    ["+1", undefined, "fail"],
    ["10000", { least: 10_000 }, "pass"],
    ["9999", { least: 10_000 }, "fail"],
  ])("judges the user %j with %j as it says", async (user, options, status) => {
    expect((await judge(user, options)).status).toBe(status);
  });

  it("refuses options that make no sense", async () => {
    await expect(load({ least: 0 })).rejects.toMatchObject({ code: "config" });
    await expect(load({ least: "many" })).rejects.toMatchObject({ code: "config" });
  });
});
