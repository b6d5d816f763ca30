import { beforeAll, describe, expect, it } from "vitest";
import { fail } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import {
  artifact,
  indexOf,
  notFound,
  platformImage,
  singleImage,
  unresolved,
} from "../support/fake-images.ts";
import { attestationBy } from "../support/memory-store.ts";
import { judgementOf, outcomesOf, reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const amd64 = platformImage("linux/amd64", { user: "app" });
const s390xAsRoot = platformImage("linux/s390x");
const index = indexOf([amd64, s390xAsRoot]);
const selecting = (architecture: string) => [{ os: "linux", architecture }];

describe("verifying an index", () => {
  it("passes what has an attestation that counts, and fails what has none", async () => {
    const { review, verify } = reviewing(keys);
    await review(index);
    const verified = await verify(index);
    expect(outcomesOf(verified)).toEqual([
      "diy linux/amd64 pass",
      "nobody linux/amd64 pass",
      "diy linux/s390x pass",
      "nobody linux/s390x fail",
      "diy pass",
      "nobody fail",
    ]);
    expect(judgementOf(verified, "nobody").outcome).toEqual(fail("no attestation; nor has linux/s390x"));
    expect(judgementOf(verified, "diy").attestation).toBeDefined();
  });

  it("runs no check and writes nothing: it asks the store once", async () => {
    const { verify, store, evidence } = reviewing(keys);
    await verify(index);
    expect(evidence.read).toEqual([]);
    expect(store.calls).toEqual({ list: 1, put: 0 });
  });

  it("goes by the index's own attestation, not by its platforms', where it is owed one", async () => {
    const { verify, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "diy", amd64.reference));
    store.plant(await attestationBy(keys.signer, "diy", s390xAsRoot.reference));
    expect(judgementOf(await verify(index), "diy").outcome).toEqual(fail("no attestation"));
    const never = await verify(index, { platforms: { select: "all", index: "never" } });
    expect(outcomesOf(never)).toContain("diy pass");
  });

  it("sums up the selected platforms where the index is owed nothing, and names those without", async () => {
    const { verify } = reviewing(keys);
    const platforms = { select: selecting("amd64"), index: "never" } as const;
    const verified = await verify(index, { platforms });
    expect(judgementOf(verified, "diy").outcome).toEqual(fail("linux/amd64: no attestation"));
  });

  it("looks up children that the registry cannot give", async () => {
    const gone = unresolved("linux/arm64", notFound());
    const { verify, store } = reviewing(keys);
    const withGone = indexOf([amd64, gone]);
    store.plant(await attestationBy(keys.signer, "diy", { ...amd64.reference, digest: gone.digest }));
    const verified = await verify(withGone);
    expect(outcomesOf(verified)).toContain("diy linux/arm64 pass");
    expect(outcomesOf(verified)).toContain("nobody linux/arm64 fail");
  });
});

describe("verifying an image", () => {
  const image = singleImage("linux/amd64", { user: "app" });

  it("says why what exists does not count (Voucher looked only whether an occurrence exists)", async () => {
    const { verify, store } = reviewing(keys);
    store.plant(await attestationBy(keys.signer, "nobody", image.reference, { signedAs: "diy" }));
    const verified = await verify(image);
    expect(judgementOf(verified, "nobody").outcome).toEqual(
      fail("no attestation that counts: it was made with the key of the check diy"),
    );
    expect(verified.judgements).toEqual(verified.platforms[0]?.judgements);
  });

  it("is an error of every check where the store cannot be asked", async () => {
    const { verify, store } = reviewing(keys);
    store.listFault = new VoucherError("unavailable", "busy", { retryable: true });
    const verified = await verify(index);
    expect(outcomesOf(verified).every((line) => line.endsWith(" error"))).toBe(true);
    const { outcome } = judgementOf(verified, "diy");
    expect(outcome.status === "error" && outcome.error).toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });

  it("is an error of every check where the keys cannot be loaded", async () => {
    const keyRing = createKeyRing(() => Promise.reject(new VoucherError("key", "a.pem cannot be read")));
    const { verify, store } = reviewing({ signer: keys.signer, keyRing });
    store.plant(await attestationBy(keys.signer, "nobody", image.reference));
    const { outcome } = judgementOf(await verify(image), "nobody");
    expect(outcome.status === "error" && outcome.error.message).toBe("a.pem cannot be read");
  });

  it("is a failure of every check for what is no image", async () => {
    const verified = await reviewing(keys).verify(artifact("application/spdx+json"));
    expect(judgementOf(verified, "nobody").outcome).toEqual(fail("not an image (application/spdx+json)"));
    expect(verified).toMatchObject({ kind: "artifact", platforms: [] });
  });

  it("never contacts a host that valid_repos does not name", async () => {
    const { verify, resolver, store } = reviewing(keys);
    const verified = await verify(image, { onlyHostsOf: ["europe-docker.pkg.dev/p"] });
    expect(resolver().asked).toEqual([]);
    expect(store.calls.list).toBe(0);
    expect(outcomesOf(verified)).toEqual(["diy error", "nobody error"]);
  });

  it("fails for another platform than the one that is reviewed", async () => {
    const platforms = { select: selecting("arm64"), index: "never" } as const;
    const verified = await reviewing(keys).verify(image, { platforms });
    expect(judgementOf(verified, "diy").outcome).toEqual(
      fail("the image is for linux/amd64, and only linux/arm64 is reviewed"),
    );
  });
});
