import { beforeAll, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { type Canonical, canonical } from "../../lib/image/reference.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import { findStanding, type RevokeRequest, withdraw } from "../../lib/review/revoke.ts";
import { at, indexOf, platformImage, REPOSITORY, singleImage, unresolved } from "../support/fake-images.ts";
import { resolverOf } from "../support/fake-ports.ts";
import { attestationBy, MemoryStore } from "../support/memory-store.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
let strangers: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
  strangers = await makeKeys(["nobody"]);
});

const signal = new AbortController().signal;
const NESTED = digestOf(Buffer.from("nested"));
const SKIPPED = digestOf(Buffer.from("attestation manifest"));
const amd64 = platformImage("linux/amd64");
const arm64 = platformImage("linux/arm64", { via: [NESTED] });
const gone = unresolved("linux/s390x", new VoucherError("not-found", "it is gone"));
const index = {
  ...indexOf([amd64, arm64, gone]),
  skipped: [{ digest: SKIPPED, reason: "attestation-manifest" }],
};
const inRepository = (digest: Canonical["digest"]) => canonical(index.reference, digest);

/** What stands of nobody for `image`, where every one of `subjects` is attested by both checks; each as `where digest`. */
async function standing(
  image: ResolvedImage,
  subjects: readonly Canonical[],
  request: Partial<RevokeRequest> = {},
  fault?: VoucherError,
) {
  const store = new MemoryStore();
  for (const subject of subjects)
    for (const check of ["diy", "nobody"]) store.plant(await attestationBy(keys.signer, check, subject));
  const resolver = fault === undefined ? resolverOf([image]) : resolverOf([], fault);
  const found = await findStanding(
    { image: image.reference, platforms: "all", ...request },
    ["nobody"],
    { resolver, store },
    signal,
  );
  return { ...found, lines: found.standing.map(({ where, subject }) => `${where} ${subject.digest}`) };
}

const EVERYTHING = [
  index.reference,
  amd64.reference,
  arm64.reference,
  inRepository(gone.digest),
  inRepository(NESTED),
  inRepository(SKIPPED),
];

describe("what stands attested of an index", () => {
  it("is found on each platform, read or not, on all else that it holds, and on itself", async () => {
    const { lines } = await standing(index, EVERYTHING);
    expect(lines).toEqual([
      `linux/amd64 ${amd64.reference.digest}`,
      `linux/arm64 ${arm64.reference.digest}`,
      `linux/s390x ${gone.digest}`,
      `nested index ${NESTED}`,
      `attestation-manifest ${SKIPPED}`,
      `index ${index.reference.digest}`,
    ]);
  });

  it("is found on the named platform alone, where one is named", async () => {
    const { lines } = await standing(index, EVERYTHING, { platforms: [parsePlatform("linux/arm64")] });
    expect(lines).toEqual([`linux/arm64 ${arm64.reference.digest}`]);
  });

  it("is of the named check, on these digests, in this repository", async () => {
    const elsewhere = at(`${REPOSITORY}-other`, amd64.reference.digest);
    const { standing: found } = await standing(index, [amd64.reference, elsewhere]);
    expect(found.map(({ subject, stored }) => [subject, stored.checkName])).toEqual([
      [amd64.reference, "nobody"],
    ]);
  });

  it("cannot be asked for a platform that it does not have", async () => {
    const asked = standing(index, [], { platforms: [parsePlatform("windows/amd64")] });
    await expect(asked).rejects.toThrow("no platform of the index is windows/amd64");
  });
});

describe("what stands attested of a single image", () => {
  const image = singleImage("linux/amd64");

  it("is found once, whether it counts or not", async () => {
    const store = new MemoryStore();
    store.plant(await attestationBy(strangers.signer, "nobody", image.reference));
    const request = { image: image.reference, platforms: "all" } as const;
    const ports = { resolver: resolverOf([image]), store };
    const { standing: found } = await findStanding(request, ["nobody"], ports, signal);
    expect(found.map(({ where }) => where)).toEqual(["linux/amd64"]);
  });

  it("is refused for a platform that it is not", async () => {
    const asked = standing(image, [image.reference], { platforms: [parsePlatform("linux/arm64")] });
    await expect(asked).rejects.toMatchObject({ code: "usage" });
  });
});

describe("what stands attested of something else", () => {
  const chart: ResolvedImage = {
    kind: "artifact",
    reference: at(REPOSITORY, digestOf(Buffer.from("chart"))),
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.cncf.helm.config.v1+json",
    skipped: [],
  };

  it("is found on what is no image, which others may have taken for one", async () => {
    expect((await standing(chart, [chart.reference])).lines).toEqual([`artifact ${chart.reference.digest}`]);
  });

  it.each(["not-found", "malformed", "unsupported", "digest-mismatch", "limit"] as const)(
    "is found on the digest alone of an image that cannot be read: %s",
    async (code) => {
      const fault = new VoucherError(code, "it cannot be read");
      const { lines, unknown } = await standing(index, EVERYTHING, {}, fault);
      expect(lines).toEqual([`image ${index.reference.digest}`]);
      expect(unknown).toBe(fault);
    },
  );

  it.each([
    ["its registry cannot be asked", {}, new VoucherError("network", "no answer", { retryable: true })],
    ["one may not ask", {}, new VoucherError("forbidden", "no")],
    [
      "a platform is named that nobody can find out",
      { platforms: [parsePlatform("linux/arm64")] },
      new VoucherError("not-found", "it is gone"),
    ],
    [
      "it is named by a tag alone",
      { image: { registry: "gcr.io", repository: "project/app", tag: "v1" } },
      new VoucherError("not-found", "it is gone"),
    ],
  ])("is not looked for where %s", async (_, request, fault) => {
    await expect(standing(index, EVERYTHING, request, fault)).rejects.toBe(fault);
  });
});

describe("withdrawing", () => {
  it("takes each away, and says of which it could not", async () => {
    const store = new MemoryStore();
    for (const { reference } of [amd64, arm64])
      store.plant(await attestationBy(keys.signer, "nobody", reference));
    const request = { image: index.reference, platforms: "all" } as const;
    const ports = { resolver: resolverOf([index]), store };
    const { standing: found } = await findStanding(request, ["nobody"], ports, signal);
    const denied = new VoucherError("forbidden", "occurrences.delete was denied");
    const remove = store.remove.bind(store);
    store.remove = (stored, ...rest) =>
      stored.subject.digest === amd64.reference.digest ? Promise.reject(denied) : remove(stored, ...rest);

    const withdrawn = await withdraw(found, store, signal);

    expect(withdrawn.map(({ where, error }) => [where, error])).toEqual([
      ["linux/amd64", denied],
      ["linux/arm64", undefined],
    ]);
    expect(store.contents).toEqual([`nobody ${amd64.reference.digest}`]);
  });
});
