import { beforeAll, describe, expect, it } from "vitest";
import type { Claim } from "../../lib/attest/claim.ts";
import { binauthz } from "../../lib/attest/payload.ts";
import { type Check, pass } from "../../lib/check/contract.ts";
import { diy } from "../../lib/check/diy.ts";
import { nobody } from "../../lib/check/nobody.ts";
import { indexOf, platformImage, REPOSITORY, singleImage } from "../support/fake-images.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody", "other"]);
});

const amd64 = platformImage("linux/amd64", { user: "app" });
const arm64 = platformImage("linux/arm64", { user: "app" });
const root = platformImage("linux/s390x");
const configOf = ({ manifest }: typeof amd64) => manifest.config.digest;
const inputOf = (image: typeof amd64) => ({
  uri: `https://${REPOSITORY}@${configOf(image)}`,
  digest: configOf(image),
});

/** Reviews that tell what they claim. */
function claiming() {
  const claims: Claim[] = [];
  const format = {
    ...binauthz,
    payloadOf(claim: Claim) {
      claims.push(claim);
      return binauthz.payloadOf(claim);
    },
  };
  const { review } = reviewing(keys, new MemoryStore(format));
  const of = (digest: string, checkName = "nobody") =>
    claims.find((claim) => claim.subject.digest === digest && claim.checkName === checkName);
  return { review, claims, of };
}

/** A check that asks for whatever `ask` does, and passes. */
function asking(ask: Check["judge"]): Check {
  return { name: "other", description: "It asks.", judge: ask };
}

describe("what a review claims", () => {
  it("of an index are also the platforms that passed the check, and of a platform itself alone", async () => {
    const { review, of } = claiming();
    const index = indexOf([amd64, arm64]);
    await review(index);
    expect(of(index.reference.digest)?.platforms).toEqual([amd64.reference, arm64.reference]);
    expect(of(amd64.reference.digest)?.platforms).toEqual([]);
  });

  it("never are platforms that were not reviewed, and nothing is claimed of an index that holds one that failed", async () => {
    const { review, of, claims } = claiming();
    const index = indexOf([amd64, arm64, root]);
    const select = [{ os: "linux", architecture: "amd64" }];
    await review(index, { platforms: { select, index: "selected" } });
    expect(of(index.reference.digest)?.platforms).toEqual([amd64.reference]);
    claims.splice(0);
    await review(index, { existing: "force" });
    expect(of(index.reference.digest)).toBeUndefined();
    expect(of(index.reference.digest, "diy")).toBeUndefined();
  });

  it("never are platforms that the check does not cover", async () => {
    const { review, of } = claiming();
    const index = indexOf([amd64, root]);
    const covering: Check = { ...nobody, covers: ({ architecture }) => architecture === "amd64" };
    await review(index, { checks: [covering] });
    expect(of(index.reference.digest)?.platforms).toEqual([amd64.reference]);
  });

  it("rests on the configs that the check looked at, of an index on those of all its platforms", async () => {
    const { review, of } = claiming();
    const index = indexOf([amd64, arm64]);
    await review(index, { checks: [diy({ validRepos: [REPOSITORY] }), nobody] });
    for (const check of ["diy", "nobody"]) {
      expect(of(amd64.reference.digest, check)?.inputs).toEqual([inputOf(amd64)]);
      expect(of(index.reference.digest, check)?.inputs).toEqual([inputOf(amd64), inputOf(arm64)]);
    }
  });

  it.each<[string, Check["judge"]]>([
    ["build records", (evidence) => evidence.builds().then(() => pass)],
    [
      "a scan",
      (evidence) => Promise.all([evidence.vulnerabilities(), evidence.imageConfig()]).then(() => pass),
    ],
    [
      "a commit",
      (evidence) =>
        evidence
          .commit({ url: "u", revision: "r" })
          .catch(() => pass)
          .then(() => pass),
    ],
  ])("lists no evidence where some of it has no digest: %s", async (_, ask) => {
    const { review, of } = claiming();
    const image = singleImage("linux/amd64", { user: "app" });
    await review(image, { checks: [asking(ask)] });
    expect(of(image.reference.digest, "other")).toBeDefined();
    expect(of(image.reference.digest, "other")).not.toHaveProperty("inputs");
  });

  it("rests on nothing where the check asked for nothing", async () => {
    const { review, of } = claiming();
    const image = singleImage("linux/amd64", { user: "app" });
    await review(image, { checks: [asking(async () => pass)] });
    expect(of(image.reference.digest, "other")?.inputs).toEqual([]);
  });

  it("of an index lists no evidence where a platform was attested before, and not looked at again", async () => {
    const { review, of } = claiming();
    await review(singleImage("linux/amd64", { user: "app" }));
    const index = indexOf([amd64, arm64]);
    await review(index);
    expect(of(index.reference.digest)?.platforms).toHaveLength(2);
    expect(of(index.reference.digest)).not.toHaveProperty("inputs");
  });
});
