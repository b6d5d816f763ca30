import { beforeAll, describe, expect, it } from "vitest";
import { attestedBy } from "../../lib/review/attested-by.ts";
import { indexOf, platformImage, singleImage } from "../support/fake-images.ts";
import { attestationBy } from "../support/memory-store.ts";
import { reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const index = indexOf(
  ["linux/amd64", "linux/arm64"].map((platform) => platformImage(platform, { user: "app" })),
);
const keyOf = (checkName: string) => keys.pair(checkName).keyId;

describe("who vouches for an image", () => {
  it("is told for each platform and for the index, in their order", async () => {
    const { review, verify } = reviewing(keys);
    await review(index);
    expect(attestedBy(await verify(index))).toEqual(
      ["linux/amd64", "linux/arm64", "index"].flatMap((where) =>
        ["diy", "nobody"].map((checkName) => ({ where, checkName, keyId: keyOf(checkName) })),
      ),
    );
  });

  it("is told with the moment since when, where the store knows", async () => {
    const image = singleImage("linux/amd64", { user: "app" });
    const { verify, store } = reviewing(keys);
    const createdAt = new Date("2026-11-25T12:00:00Z");
    store.plant({ ...(await attestationBy(keys.signer, "nobody", image.reference)), createdAt });
    expect(attestedBy(await verify(image))).toEqual([
      { where: "linux/amd64", checkName: "nobody", keyId: keyOf("nobody"), since: createdAt },
    ]);
  });

  it("is not told of an index that is owed nothing: its platforms speak for themselves", async () => {
    const { review, verify } = reviewing(keys);
    await review(index);
    const verified = await verify(index, { platforms: { select: "all", index: "never" } });
    expect(attestedBy(verified).map(({ where }) => where)).not.toContain("index");
  });
});
