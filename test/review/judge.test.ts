import { beforeAll, describe, expect, it } from "vitest";
import { type Check, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import {
  at,
  indexOf,
  notFound,
  platformImage,
  REPOSITORY,
  singleImage,
  unavailable,
  unresolved,
} from "../support/fake-images.ts";
import { attestationBy } from "../support/memory-store.ts";
import { CHECKS, judgementOf, outcomesOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const amd64 = platformImage("linux/amd64", { user: "10001" });

describe("an index with a child that cannot be read", () => {
  it("makes that platform an error of every check, and the index with it, when the child is gone", async () => {
    const index = indexOf([amd64, unresolved("linux/arm64", notFound())]);
    const { review, store } = reviewing(keys);
    const reviewed = await review(index);
    expect(outcomesOf(reviewed).slice(2)).toEqual([
      "diy linux/arm64 error",
      "nobody linux/arm64 error",
      "diy error",
      "nobody error",
    ]);
    const { outcome } = judgementOf(reviewed, "diy");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "not-found",
      retryable: false,
      message: "linux/arm64: it is gone",
    });
    expect(store.contents.some((line) => line.includes(index.reference.digest))).toBe(false);
    expect(store.contents).toContain(`nobody ${amd64.reference.digest}`);
  });

  it("keeps a passing fault retryable on the index, beside a permanent one", async () => {
    const index = indexOf([unresolved("linux/arm64", notFound()), unresolved("linux/s390x", unavailable())]);
    const { outcome } = judgementOf(await reviewing(keys).review(index), "nobody");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: "linux/arm64: it is gone; linux/s390x: the registry answers 503",
    });
  });

  it("is not attested either where that child was attested once", async () => {
    const gone = unresolved("linux/arm64", notFound());
    const index = indexOf([amd64, gone]);
    const { review, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "diy", at(REPOSITORY, gone.digest)));
    const reviewed = await review(index);
    expect(judgementOf(reviewed, "diy", "linux/arm64").outcome.status).toBe("error");
    expect(store.find(index.reference, "diy")).toBeUndefined();
  });

  it("names the child by its digest where the index does not say what it runs on", async () => {
    const child = unresolved(undefined, notFound());
    const { outcome } = judgementOf(await reviewing(keys).review(indexOf([amd64, child])), "nobody");
    expect(outcome.status === "error" && outcome.error.message).toBe(`${child.digest}: it is gone`);
  });

  it("keeps the index's own order, unreadable children in place", async () => {
    const index = indexOf([
      unresolved("linux/arm64", notFound()),
      amd64,
      unresolved("linux/s390x", notFound()),
    ]);
    const reviewed = await reviewing(keys).review(index);
    expect(reviewed.platforms.map(({ reference }) => reference.digest)).toEqual(index.order);
  });
});

describe("a check that throws", () => {
  const thrower = (name: string, fault: unknown): Check => ({
    name,
    description: "Nobody knows.",
    judge: () => Promise.reject(fault),
  });

  it("is an error of its own, and the other checks go on", async () => {
    const { review, store } = reviewing(keys);
    const image = singleImage("linux/amd64", { user: "app" });
    const reviewed = await review(image, {
      checks: [thrower("diy", new TypeError("x is not a function")), ...CHECKS.slice(1)],
    });
    const { outcome } = judgementOf(reviewed, "diy");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "internal",
      message: "x is not a function",
    });
    expect(store.contents).toEqual([`nobody ${image.reference.digest}`]);
  });

  it("keeps a VoucherError as it is, so that a fault that passes stays one", async () => {
    const fault = new VoucherError("unavailable", "try later", { retryable: true });
    const reviewed = await reviewing(keys).review(indexOf([amd64]), { checks: [thrower("diy", fault)] });
    const { outcome } = judgementOf(reviewed, "diy", "linux/amd64");
    expect(outcome.status === "error" && outcome.error).toBe(fault);
  });

  it("may throw before it returns a promise", async () => {
    const check: Check = {
      name: "diy",
      description: "",
      judge() {
        throw new Error("at once");
      },
    };
    expect(outcomesOf(await reviewing(keys).review(indexOf([amd64]), { checks: [check] }))).toContain(
      "diy error",
    );
  });
});

describe("a check whose evidence is not there yet", () => {
  it("is pending, on the index too, and attests nothing", async () => {
    const waiting: Check = { name: "diy", description: "", judge: async () => pending("scan", "a scan") };
    const { review, store } = reviewing(keys);
    const reviewed = await review(indexOf([amd64]), { checks: [waiting] });
    expect(judgementOf(reviewed, "diy").outcome).toEqual(pending("scan", "linux/amd64: a scan"));
    expect(store.all).toEqual([]);
  });
});
