import { describe, expect, it } from "vitest";
import { fail, pass } from "../../lib/check/contract.ts";
import { diy } from "../../lib/check/diy.ts";
import { parseValidRepo, type ValidRepos } from "../../lib/image/valid-repos.ts";
import { platformImage } from "../support/fake-images.ts";
import { evidenceOf } from "../support/fake-ports.ts";

function judge(repository: string, validRepos: ValidRepos | undefined, fetched = true) {
  const image = platformImage("linux/amd64", { repository });
  const imageConfig = async () => {
    if (!fetched) throw new Error("404");
    return image.config;
  };
  return diy({ validRepos: validRepos?.map(parseValidRepo) }).judge(evidenceOf(image, imageConfig));
}

describe("diy passes", () => {
  it.each([
    ["gcr.io/p/app", ["gcr.io/p/app"]],
    ["gcr.io/p/app", ["gcr.io/p/"]],
    ["gcr.io/p/app/sub", ["gcr.io/p"]],
    ["gcr.io/p/app", ["us.gcr.io/p", "gcr.io"]],
    ["docker.io/library/alpine", ["docker.io/library"]],
  ])("%s under %j", async (repository, validRepos) => {
    expect(await judge(repository, validRepos)).toEqual(pass);
  });

  it("a registry however it is written, since both are normalised (Voucher compared the text)", async () => {
    expect(await judge("GCR.IO/p/app", ["gcr.io/p"])).toEqual(pass);
    expect(await judge("gcr.io/p/app", ["GCR.io/p"])).toEqual(pass);
    expect(await judge("org/app", ["index.docker.io/org"])).toEqual(pass);
  });
});

describe("diy fails", () => {
  it.each([
    ["gcr.io/p/app-evil", ["gcr.io/p/app"]],
    ["gcr.io/p-evil/app", ["gcr.io/p"]],
    ["gcr.io.evil.example/p/app", ["gcr.io/p"]],
    ["gcr.io/p/ap", ["gcr.io/p/app"]],
    ["gcr.io/P2/app".toLowerCase(), ["gcr.io/p"]],
  ])("%s under %j (Voucher matched by prefix)", async (repository, validRepos) => {
    expect(await judge(repository, validRepos)).toEqual(fail(`${repository} lies under none of valid_repos`));
  });

  it.each<[string, ValidRepos | undefined]>([
    ["not set", undefined],
    ["empty", []],
  ])("every image where valid_repos is %s", async (_, validRepos) => {
    expect(await judge("gcr.io/p/app", validRepos)).toEqual(
      fail("valid_repos is not set, so no repository is known to be ours"),
    );
  });
});

describe("an image of ours whose config cannot be fetched", () => {
  it("does not pass: what fetching it throws is thrown (Voucher panicked on a config that answers 404)", async () => {
    await expect(judge("gcr.io/p/app", ["gcr.io/p"], false)).rejects.toThrow("404");
  });

  it("is not fetched at all where it is none of ours", async () => {
    expect((await judge("gcr.io/q/app", ["gcr.io/p"], false)).status).toBe("fail");
  });
});
