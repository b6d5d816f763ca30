import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, fail, pass, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { indexOf, platformImage, singleImage } from "../support/fake-images.ts";
import { reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const checkThat = (judge: Check["judge"]): Check[] => [{ name: "nobody", description: "", judge }];

describe("an observer of a review", () => {
  it("is told of each stage in its turn, of each check and each attestation, and of the whole", async () => {
    const { review, observer } = reviewing(keys);
    const judge: Check["judge"] = async (evidence) => {
      await evidence.imageConfig();
      return pass;
    };
    await review(image, { checks: checkThat(judge) });
    expect(observer.told).toEqual([
      "stage resolve",
      "stage existing",
      "stage judge",
      "count check.run.start nobody",
      "stage evidence",
      "time check.run.latency nobody",
      "count check.run.success nobody",
      "count check.attestation.start nobody",
      "stage sign",
      "stage publish",
      "time check.attestation.latency nobody",
      "count check.attestation.success nobody",
      "time review.latency",
    ]);
  });

  it.each([
    ["fails", fail("runs as root"), "count check.run.failure nobody"],
    ["waits", pending("scan", "the scan runs"), "count pending nobody scan"],
    ["cannot judge", error(new VoucherError("network", "no")), "count check.run.error nobody network"],
  ])("is told how a check ended that %s", async (_, outcome, told) => {
    const { review, observer } = reviewing(keys);
    await review(image, { checks: checkThat(async () => outcome) });
    expect(observer.told).toContain(told);
    expect(observer.told).not.toContain("stage sign");
  });

  it("is told of no check that was not run, since its attestation counts", async () => {
    const { review, observer } = reviewing(keys);
    await review(image);
    const before = observer.told.length;
    await review(image);
    expect(observer.told.slice(before)).toEqual([
      "stage resolve",
      "stage existing",
      "stage judge",
      "time review.latency",
    ]);
  });

  it("is told of an attestation that could not be stored, and of each platform's own", async () => {
    const { review, observer, store } = reviewing(keys);
    store.putFault = () => new VoucherError("unavailable", "busy", { retryable: true });
    const index = indexOf([
      platformImage("linux/amd64", { user: "a" }),
      platformImage("linux/arm64", { user: "a" }),
    ]);
    await review(index, { checks: checkThat(async () => pass) });
    const count = (told: string) => observer.told.filter((one) => one === told).length;
    expect(count("count check.run.success nobody")).toBe(2);
    expect(count("count check.attestation.start nobody")).toBe(3);
    expect(count("count check.attestation.error nobody unavailable")).toBe(3);
  });

  it("is told of a review that ends with a fault, too", async () => {
    const { review, observer } = reviewing(keys);
    await expect(review(image, { checks: [] })).rejects.toThrow();
    expect(observer.told).toEqual(["time review.latency"]);
  });
});
