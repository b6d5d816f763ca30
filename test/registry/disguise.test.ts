import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parsePlatform } from "../../lib/image/platform.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { scopeOf } from "../../lib/review/scope.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry({ backOff: 1 });
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

/** What is reviewed of an index where only `platform` is: the users of its images. */
async function reviewed(platform: string, declared: object): Promise<readonly string[]> {
  const wanted = parsePlatform(platform);
  const hidden = server.image({ os: "linux", architecture: "other" }, { user: "hidden", declare: declared });
  const index = server.index([hidden, server.image(wanted, { user: "plain" })]);
  const resolved = await registry.resolve(server.name(`@${index.digest}`), signal);
  const scope = scopeOf(resolved, { select: [wanted], index: "selected" });
  if (scope.kind === "out") return [];
  return scope.platforms.map((child) => ("manifest" in child ? child.config.user : ""));
}

describe("where one platform is selected, and vouches for its index", () => {
  it.each<[string, object, string]>([
    ["linux/amd64", { os: "", architecture: "amd64" }, "an empty os is that of its host"],
    ["linux/amd64", { os: "L\u0130NUX", architecture: "amd64" }, "Go's lower case of İ is i"],
    ["linux/amd64", { os: "linux", architecture: "x86_64", variant: "V1" }, "v1 is every amd64"],
    ["linux/arm/v7", { os: "linux", architecture: "armhf", variant: "x" }, "armhf is v7, whatever it adds"],
    ["linux/arm/v6", { os: "linux", architecture: "armel", variant: "v7" }, "armel is v6, whatever it adds"],
    ["linux/386", { os: "linux", architecture: "i386", variant: "x" }, "i386 has no variants"],
  ])("%s: a child listed as %j is reviewed too, since to containerd %s", async (platform, declared) => {
    await expect(reviewed(platform, declared)).resolves.toEqual(["hidden", "plain"]);
  });

  it.each<[string, object]>([
    ["linux/amd64", { os: "", architecture: "arm64" }],
    ["linux/amd64", { os: "linux", architecture: "amd64", variant: "v2" }],
    ["linux/arm/v7", { os: "linux", architecture: "arm", variant: "x" }],
    ["linux/386", { os: "linux", architecture: "386", variant: "x" }],
  ])("%s: a child listed as %j is another's", async (platform, declared) => {
    await expect(reviewed(platform, declared)).resolves.toEqual(["plain"]);
  });
});
