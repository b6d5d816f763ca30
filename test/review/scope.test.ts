import { beforeAll, describe, expect, it } from "vitest";
import { fail } from "../../lib/check/contract.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import {
  artifact,
  indexOf,
  notFound,
  platformImage,
  singleImage,
  unresolved,
} from "../support/fake-images.ts";
import { judgementOf, outcomesOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const amd64 = platformImage("linux/amd64", { user: "10001" });
const arm64 = platformImage("linux/arm64/v8", { user: "10001" });
const armv7AsRoot = platformImage("linux/arm/v7");
const index = indexOf([amd64, arm64, armv7AsRoot]);
const selecting = (...names: string[]) => names.map(parsePlatform);

describe("the policy of an index", () => {
  it("all: the index is attested for a check that every platform passed, and for no other", async () => {
    const { review, store } = reviewing(keys);
    await review(index, { platforms: { select: "all", index: "all" } });
    expect(store.find(index.reference, "diy")).toBeDefined();
    expect(store.find(index.reference, "nobody")).toBeUndefined();
  });

  it("selected: it is attested when every selected platform passed, whatever the others are", async () => {
    const { review, store } = reviewing(keys);
    const platforms = { select: selecting("linux/amd64", "linux/arm64"), index: "selected" } as const;
    const reviewed = await review(index, { platforms });
    expect(outcomesOf(reviewed)).not.toContain("nobody linux/arm/v7 fail");
    expect(store.find(index.reference, "nobody")).toBeDefined();
    expect(store.contents).toHaveLength(6);
  });

  it("selected: it is not attested when a selected platform fails", async () => {
    const { review, store } = reviewing(keys);
    const platforms = { select: selecting("linux/amd64", "linux/arm/v7"), index: "selected" } as const;
    const reviewed = await review(index, { platforms });
    expect(judgementOf(reviewed, "nobody").outcome).toEqual(
      fail("linux/arm/v7: runs as root (the config names no user); name another with USER in its Dockerfile"),
    );
    expect(store.find(index.reference, "nobody")).toBeUndefined();
  });

  it("never: it is not attested, and its results sum up its platforms", async () => {
    const { review, store } = reviewing(keys);
    const platforms = { select: selecting("linux/amd64"), index: "never" } as const;
    const reviewed = await review(index, { platforms });
    expect(outcomesOf(reviewed)).toEqual([
      "diy linux/amd64 pass",
      "nobody linux/amd64 pass",
      "diy pass",
      "nobody pass",
    ]);
    expect(reviewed.indexOwed).toBe(false);
    expect(store.contents).toEqual([`diy ${amd64.reference.digest}`, `nobody ${amd64.reference.digest}`]);
  });

  it("never: an attestation that the index has from before is left alone, and says nothing of it", async () => {
    const { review, store } = reviewing(keys);
    await review(indexOf([amd64]));
    const before = store.find(indexOf([amd64]).reference, "diy");
    const reviewed = await review(indexOf([amd64]), { platforms: { select: "all", index: "never" } });
    expect(judgementOf(reviewed, "diy").attestation).toBeUndefined();
    expect(store.find(indexOf([amd64]).reference, "diy")).toEqual(before);
  });

  it("all: an index is not attested on the word of some of its platforms alone", async () => {
    const { review, store } = reviewing(keys);
    await review(index, { platforms: { select: selecting("linux/amd64"), index: "all" } });
    expect(store.find(index.reference, "nobody")).toBeUndefined();
    expect(store.find(index.reference, "diy")).toBeUndefined();
  });
});

describe("selecting platforms", () => {
  it.each([
    ["by another name of the same architecture", "linux/aarch64", arm64],
    ["with a variant that is the default", "linux/arm64/v8", arm64],
    ["without it", "linux/arm64", arm64],
    ["arm without a variant as v7", "linux/arm", armv7AsRoot],
  ])("finds an image %s", async (_, wanted, image) => {
    const platforms = { select: selecting(wanted), index: "never" } as const;
    const reviewed = await reviewing(keys).review(index, { platforms });
    expect(reviewed.platforms.map(({ reference }) => reference)).toEqual([image.reference]);
  });

  it("ignores os.version, so that every Windows build of a platform is reviewed", async () => {
    const builds = ["10.0.17763.1", "10.0.20348.1"].map((osVersion) =>
      platformImage({ os: "windows", architecture: "amd64", osVersion }, { user: "app" }),
    );
    const windows = indexOf([amd64, ...builds]);
    const platforms = { select: selecting("windows/amd64"), index: "selected" } as const;
    const reviewed = await reviewing(keys).review(windows, { platforms });
    expect(reviewed.platforms.map(({ reference }) => reference)).toEqual(
      builds.map(({ reference }) => reference),
    );
  });

  it("matches what the config says too, where the descriptor says something else", async () => {
    const liar = platformImage("linux/s390x", { otherPlatforms: selecting("linux/amd64") });
    const platforms = { select: selecting("linux/amd64"), index: "selected" } as const;
    const reviewed = await reviewing(keys).review(indexOf([amd64, liar]), { platforms });
    expect(outcomesOf(reviewed)).toContain("nobody linux/s390x fail");
    expect(outcomesOf(reviewed)).toContain("nobody fail");
  });

  it("leaves out an unreadable child that its index calls another platform, and keeps one of no name", async () => {
    const elsewhere = unresolved("linux/s390x", notFound());
    const nameless = unresolved(undefined, notFound());
    const platforms = { select: selecting("linux/amd64"), index: "selected" } as const;
    const reviewed = await reviewing(keys).review(indexOf([amd64, elsewhere, nameless]), { platforms });
    expect(reviewed.platforms.map(({ reference }) => reference.digest)).toEqual([
      amd64.reference.digest,
      nameless.digest,
    ]);
    expect(judgementOf(reviewed, "diy").outcome.status).toBe("error");
  });
});

describe("single-target mode", () => {
  const forArm64 = { select: selecting("linux/arm64"), index: "never" } as const;

  it("vouches for that child alone, neither for the others nor for the index", async () => {
    const { review, store } = reviewing(keys);
    await review(index, { platforms: forArm64 });
    expect(store.contents).toEqual([`diy ${arm64.reference.digest}`, `nobody ${arm64.reference.digest}`]);
  });

  it("is an error that names what was wanted and what there is, where no platform matches", async () => {
    const { review } = reviewing(keys);
    const platforms = { select: selecting("windows/amd64"), index: "never" } as const;
    await expect(review(index, { platforms })).rejects.toMatchObject({
      code: "unsupported",
      message: "no platform of the index is windows/amd64; it has linux/amd64, linux/arm64/v8, linux/arm/v7",
    });
  });

  it("leaves the event of another platform's own image out, with that reason", async () => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(singleImage("linux/s390x", { user: "app" }), { platforms: forArm64 });
    expect(reviewed.outOfScope).toBe("the image is for linux/s390x, and only linux/arm64 is reviewed");
    expect(outcomesOf(reviewed)).toEqual(["diy fail", "nobody fail"]);
    expect(store.calls.list).toBe(0);
  });

  it("reviews a single image of the platform itself", async () => {
    const { review, store } = reviewing(keys);
    await review(singleImage("linux/arm64", { user: "app" }), { platforms: forArm64 });
    expect(store.contents).toHaveLength(2);
  });
});

describe("a host that valid_repos does not name", () => {
  const stranger = singleImage("linux/amd64", { user: "app", repository: "evil.example/project/app" });

  it("is never contacted: every check is an error that says why", async () => {
    const { review, resolver, store } = reviewing(keys);
    const reviewed = await review(stranger, { onlyHostsOf: ["gcr.io/project"] });
    expect(resolver().asked).toEqual([]);
    expect(store.calls).toEqual({ list: 0, put: 0 });
    expect(reviewed.outOfScope).toBe("evil.example was not contacted: valid_repos names no repository there");
    expect(outcomesOf(reviewed)).toEqual(["diy error", "nobody error"]);
  });

  it("is contacted where valid_repos is not set", async () => {
    const { review, resolver } = reviewing(keys);
    await review(stranger);
    expect(resolver().asked).toEqual([formatReference(stranger.reference)]);
  });

  it("is contacted for any repository of a host that is named, and then fails diy", async () => {
    const neighbour = singleImage("linux/amd64", { user: "app", repository: "gcr.io/project-evil/app" });
    const reviewed = await reviewing(keys).review(neighbour, { onlyHostsOf: ["gcr.io/project"] });
    expect(outcomesOf(reviewed)).toContain("diy fail");
  });
});

describe("an artifact", () => {
  it("fails every check as no image, and asks nothing of the store", async () => {
    const { review, store } = reviewing(keys);
    const reviewed = await review(artifact("application/vnd.cncf.helm.config.v1+json"));
    expect(outcomesOf(reviewed)).toEqual(["diy fail", "nobody fail"]);
    expect(reviewed).toMatchObject({
      kind: "artifact",
      outOfScope: "not an image (application/vnd.cncf.helm.config.v1+json)",
    });
    expect(store.calls).toEqual({ list: 0, put: 0 });
  });
});
