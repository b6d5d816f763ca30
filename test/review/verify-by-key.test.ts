import { beforeAll, describe, expect, it } from "vitest";
import { type Envelope, preAuthEncoding } from "../../lib/attest/dsse.ts";
import { digestSet, statementBytes } from "../../lib/attest/statement.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Digest } from "../../lib/image/digest.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import { toVerdict } from "../../lib/review/verdict.ts";
import { ANYTHING, type ByKeyRequest, verifyByKey } from "../../lib/review/verify-by-key.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { artifact, indexOf, platformImage, singleImage } from "../support/fake-images.ts";
import { resolverOf } from "../support/fake-ports.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

const TYPE = "application/vnd.in-toto+json";
const SBOM = "https://spdx.dev/Document";
const BUILT = "https://slsa.dev/provenance/v1";
const signal = new AbortController().signal;
let keys: TestKeys;
let others: TestKeys;
beforeAll(async () => {
  keys = await makeKeys([ANYTHING]);
  others = await makeKeys([ANYTHING]);
});

const amd64 = platformImage("linux/amd64", { user: "app" });
const arm64 = platformImage("linux/arm64", { user: "app" });
const index = indexOf([amd64, arm64]);

async function signed(digest: Digest, predicateType = SBOM, by = keys): Promise<Envelope> {
  const subjects = [{ name: "x", digest: digestSet(digest) }];
  const payload = statementBytes({ predicateType, subjects, predicate: {} });
  const { bytes } = await by.signer.sign(ANYTHING, preAuthEncoding(TYPE, payload), signal);
  return { payloadType: TYPE, payload, signatures: [{ keyId: "", bytes }] };
}

/** The verdict on an image beside whose digests these envelopes stand, as far as they are listed there. */
async function verify(
  image: ResolvedImage,
  standing: readonly (readonly [Digest, Envelope])[],
  request: Partial<ByKeyRequest> = {},
) {
  const statements = {
    of: async ({ digest }: { readonly digest: Digest }) =>
      standing.filter(([at]) => at === digest).map(([, envelope]) => envelope),
  };
  const keyRing = createKeyRing(async () => keys.trusted, { idsAreHints: true });
  const asked = { image: image.reference, keyName: "key.pub", ...request };
  return toVerdict(await verifyByKey(asked, { resolver: resolverOf([image]), statements, keyRing }, signal));
}

describe("verifying by a key alone", () => {
  it("answers for each kind of statement about the digest that is named", async () => {
    const { digest } = index.reference;
    const verdict = await verify(index, [
      [digest, await signed(digest)],
      [digest, await signed(digest, BUILT)],
    ]);
    expect(verdict).toMatchObject({ kind: "index", success: true, attested: true, platforms: [] });
    expect(verdict.results).toEqual(
      [SBOM, BUILT].map((name) => ({
        name,
        status: "pass",
        success: true,
        attested: true,
        details: {
          CheckName: name,
          Body: expect.stringContaining(`"predicateType":"${name}"`),
          Signature: expect.any(String),
          KeyID: keys.pair(ANYTHING).keyId,
        },
      })),
    );
  });

  it("asks nothing of platforms, unless some are named: then of each of those", async () => {
    const standing = [[amd64.reference.digest, await signed(amd64.reference.digest)]] as const;
    const select = (...names: string[]) => ({ platforms: names.map(parsePlatform) });
    expect((await verify(index, standing)).success).toBe(false);
    expect(await verify(index, standing, select("linux/amd64"))).toMatchObject({
      success: true,
      attested: true,
      results: [{ name: SBOM, status: "pass" }],
      platforms: [{ platform: "linux/amd64", success: true }],
    });
    expect(await verify(index, standing, select("linux/amd64", "linux/arm64"))).toMatchObject({
      success: false,
      results: [{ name: SBOM, status: "fail", error: expect.stringContaining("linux/arm64") }],
      platforms: [{ success: true }, { success: false }],
    });
  });

  it("takes a single image's own for its platform's, and says what other platform it is", async () => {
    const image = singleImage("linux/amd64", { user: "app" });
    const { digest } = image.reference;
    const standing = [[digest, await signed(digest)]] as const;
    expect(await verify(image, standing, { platforms: [parsePlatform("linux/amd64")] })).toMatchObject({
      success: true,
    });
    expect(await verify(image, standing, { platforms: [parsePlatform("linux/arm64")] })).toMatchObject({
      success: false,
      results: [{ name: ANYTHING, status: "fail", error: expect.stringContaining("linux/arm64") }],
    });
  });

  it("verifies what is no image, too: others attest charts and whatever else there is", async () => {
    const chart = artifact("application/vnd.cncf.helm.config.v1+json");
    const { digest } = chart.reference;
    expect((await verify(chart, [[digest, await signed(digest)]])).success).toBe(true);
  });

  it.each<[string, () => Promise<Envelope>]>([
    ["signed with another key", () => signed(index.reference.digest, SBOM, others)],
    ["about another digest", () => signed(amd64.reference.digest)],
    ["not signed at all", async () => ({ ...(await signed(index.reference.digest)), signatures: [] })],
    [
      "signed as another type of payload",
      async () => ({ ...(await signed(index.reference.digest)), payloadType: "text/plain" }),
    ],
    ["no statement", async () => ({ ...(await signed(index.reference.digest)), payload: Buffer.from("{}") })],
  ])("counts no statement that is %s", async (_, make) => {
    const verdict = await verify(index, [[index.reference.digest, await make()]]);
    expect(verdict.success).toBe(false);
    expect(verdict.results).toEqual([
      {
        name: ANYTHING,
        status: "fail",
        success: false,
        attested: false,
        error: "no attestation of it verifies under key.pub",
      },
    ]);
  });

  it("leaves the question open where the registry cannot be asked", async () => {
    const statements = {
      of: async () => {
        throw new VoucherError("unavailable", "the registry is away", { retryable: true });
      },
    };
    const keyRing = createKeyRing(async () => keys.trusted, { idsAreHints: true });
    const request = { image: index.reference, keyName: "key.pub" };
    const ports = { resolver: resolverOf([index]), statements, keyRing };
    expect(toVerdict(await verifyByKey(request, ports, signal))).toMatchObject({
      success: false,
      results: [{ name: ANYTHING, status: "error", error: "the registry is away" }],
    });
  });
});
