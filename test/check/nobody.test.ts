import { describe, expect, it } from "vitest";
import { fail, pass } from "../../lib/check/contract.ts";
import { nobody } from "../../lib/check/nobody.ts";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { platformImage } from "../support/fake-images.ts";
import { evidenceOf } from "../support/fake-ports.ts";

/** Judges an image whose config is this document. */
function judge(more: object) {
  const document = { os: "linux", architecture: "amd64", ...more };
  const config = parseImageConfig(Buffer.from(JSON.stringify(document)));
  const image = platformImage("linux/amd64");
  return nobody.judge(evidenceOf(image, async () => config));
}
const asUser = (user: string) => judge({ config: { User: user } });

describe("nobody passes an image that runs as", () => {
  it.each([
    "app",
    "1000",
    "1000:1000",
    "1000:0",
    "app:root",
    "nonroot",
    "65532",
    "10",
    "001",
    "+1",
    "rooter",
    "toor",
    "0x",
    "4294967297",
    "Root",
  ])("%j", async (user) => {
    expect(await asUser(user)).toEqual(pass);
  });
});

describe("nobody fails an image that runs as root, and says which user was found:", () => {
  it.each([
    "root",
    "0",
    "00",
    "0:1000",
    "root:anything",
    "root:",
    "+0",
    "-0",
    "+00:5",
    "0:",
    ":1000",
    ":",
    " ",
    " root",
    "0 ",
  ])("%j", async (user) => {
    expect(await asUser(user)).toEqual(
      fail(`runs as root (user ${JSON.stringify(user)}); name another with USER in its Dockerfile`),
    );
  });

  it.each(["4294967296", "8589934592:1", "-4294967296", "0004294967296"])(
    "%j, which runtimes that keep 32 bits of it take for 0 (CVE-2024-40635)",
    async (user) => {
      expect((await asUser(user)).status).toBe("fail");
    },
  );

  it.each<[string, object]>([
    ["no config", {}],
    ["a config that is null", { config: null }],
    ["no user in it", { config: {} }],
    ["an empty user", { config: { User: "" } }],
  ])("nobody at all: %s", async (_, more) => {
    expect(await judge(more)).toEqual(
      fail("runs as root (the config names no user); name another with USER in its Dockerfile"),
    );
  });
});

describe("nobody reads config.User (Voucher read the legacy container_config alone)", () => {
  it("and so passes a modern image, which has no container_config", async () => {
    expect(await judge({ config: { User: "app" } })).toEqual(pass);
  });

  it("and is not deceived by what the legacy member says", async () => {
    expect((await judge({ config: { User: "root" }, container_config: { User: "app" } })).status).toBe(
      "fail",
    );
    expect((await judge({ container_config: { User: "app" } })).status).toBe("fail");
    expect(await judge({ config: { User: "app" }, container_config: { User: "root" } })).toEqual(pass);
  });
});

describe("a hostile user", () => {
  it("is judged in bounded time and quoted in part only, however long it is", async () => {
    for (const user of [
      `root:${"x".repeat(4_000_000)}`,
      "0".repeat(4_000_000),
      `0${"1".repeat(4_000_000)}`,
    ]) {
      const started = performance.now();
      const outcome = await asUser(user);
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(outcome.status === "fail" ? outcome.reason.length : 0).toBeLessThan(300);
    }
  });

  it("shows its control characters as what they are", async () => {
    expect(await asUser("0:\u001b[2J")).toEqual(
      fail('runs as root (user "0:\\u001b[2J"); name another with USER in its Dockerfile'),
    );
  });
});

describe("a config that cannot be read", () => {
  it("is no judgement: what fetching it throws is thrown", async () => {
    const image = platformImage("linux/amd64");
    const evidence = evidenceOf(image, () => Promise.reject(new Error("gone")));
    await expect(nobody.judge(evidence)).rejects.toThrow("gone");
  });
});

describe("nobody on Windows", () => {
  it.each(["ContainerAdministrator", "containeradministrator", "NT AUTHORITY\\SYSTEM", "Administrator"])(
    "fails an image that runs as %s",
    async (user) => {
      expect(await judge({ os: "windows", config: { User: user } })).toMatchObject({ status: "fail" });
    },
  );

  it("knows Windows in whatever case the config writes it", async () => {
    const config = { User: "ContainerAdministrator" };
    expect(await judge({ os: "Windows", config })).toMatchObject({ status: "fail" });
  });

  it.each([
    ["windows", parsePlatform("windows/amd64")],
    ["any system", { os: "", architecture: "amd64" }],
  ])("believes a descriptor that says %s, whatever the config says", async (_, platform) => {
    const image = platformImage("linux/amd64", {
      user: "ContainerAdministrator",
      otherPlatforms: [platform],
    });
    expect(await nobody.judge(evidenceOf(image))).toMatchObject({ status: "fail" });
  });

  it("passes one that runs as ContainerUser, and leaves those names to their owners elsewhere", async () => {
    expect(await judge({ os: "windows", config: { User: "ContainerUser" } })).toEqual(pass);
    expect(await asUser("system")).toEqual(pass);
  });
});
