import { describe, expect, it } from "vitest";
import { configuredChecks, groupsOf } from "../../lib/config/groups.ts";
import { load } from "./folder.ts";

describe("the groups of checks", () => {
  it("are `all` and one for each required environment, in the order of the file", async () => {
    const { config } = await load(
      "[checks]\nnobody = true\ndiy = true\n[required.prod]\ndiy = true\nnobody = false",
    );
    expect(Object.fromEntries(groupsOf(config))).toEqual({ all: ["nobody", "diy"], prod: ["diy"] });
  });

  it("hold every configured check, those that events run first", async () => {
    const text = "[required.prod]\ndiy = true\nsnakeoil = true\n[checks]\nnobody = true\ndiy = true";
    expect(configuredChecks((await load(text)).config)).toEqual(["nobody", "diy", "snakeoil"]);
  });

  it("are not what every object inherits", async () => {
    const { config } = await load("");
    expect(groupsOf(config).get("constructor")).toBeUndefined();
  });

  it("may be called what objects inherit", async () => {
    const { config } = await load("[required.constructor]\ndiy = true");
    expect(groupsOf(config).get("constructor")).toEqual(["diy"]);
  });
});
