import { beforeAll, describe, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { type Check, fail, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { formatReference, parseReference } from "../../lib/image/reference.ts";
import { toVerdict, type Verdict } from "../../lib/review/verdict.ts";
import {
  artifact,
  indexOf,
  notFound,
  platformImage,
  singleImage,
  unresolved,
} from "../support/fake-images.ts";
import { reviewing } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const amd64 = platformImage("linux/amd64", { user: "app" });
const s390xAsRoot = platformImage("linux/s390x");
const skipped = [{ digest: digestOf(Buffer.from("an attestation")), reason: "attestation-manifest" }];
const index = indexOf([amd64, s390xAsRoot], { skipped });
const ofAmd64 = singleImage("linux/amd64", { user: "app" });

const judging = (outcome: Awaited<ReturnType<Check["judge"]>>): Check[] => [
  { name: "nobody", description: "", judge: async () => outcome },
];
const result = (verdict: Verdict, name: string) => verdict.results.find((one) => one.name === name);

describe("the verdict about an index of which one platform runs as root", () => {
  it("has exactly the members of the contract, in its order", async () => {
    const { review, store } = reviewing(keys);
    const verdict = toVerdict(await review(index), "v1");
    const details = (check: string, subject: typeof index.reference) => ({
      CheckName: check,
      Body: Buffer.from(binauthzPayload(subject)).toString(),
      Signature: Buffer.from(store.find(subject, check)?.signatures[0]?.bytes ?? []).toString("base64"),
      KeyID: keys.pair(check).keyId,
    });
    const passed = (name: string, subject: typeof index.reference) => ({
      name,
      status: "pass",
      success: true,
      attested: true,
      details: details(name, subject),
    });
    const failed = (error: string) => ({
      name: "nobody",
      status: "fail",
      success: false,
      attested: false,
      error,
    });
    const root = "runs as root (the config names no user); name another with USER in its Dockerfile";
    const { reference: amd64Reference } = amd64;
    const { reference: s390xReference } = s390xAsRoot;
    const expected = {
      image: formatReference(index.reference),
      tag: "v1",
      kind: "index",
      success: false,
      attested: true,
      results: [passed("diy", index.reference), failed(`linux/s390x: ${root}`)],
      platforms: [
        {
          platform: "linux/amd64",
          digest: amd64Reference.digest,
          success: true,
          attested: true,
          results: [passed("diy", amd64Reference), passed("nobody", amd64Reference)],
        },
        {
          platform: "linux/s390x",
          digest: s390xReference.digest,
          success: false,
          attested: true,
          results: [passed("diy", s390xReference), failed(root)],
        },
      ],
      skipped,
    };
    expect(JSON.stringify(verdict, null, 1)).toBe(JSON.stringify(expected, null, 1));
  });

  it("names neither tag nor digest twice: the tag stands beside the image", async () => {
    const verdict = toVerdict(await reviewing(keys).review(index));
    expect(verdict).not.toHaveProperty("tag");
    expect(verdict.image).toMatch(/^gcr\.io\/project\/app@sha256:[0-9a-f]{64}$/);
  });
});

describe("success of an image", () => {
  it("is that every check passed and everything owed is attested (Voucher's ignored the second)", async () => {
    const verdict = toVerdict(await reviewing(keys).review(ofAmd64));
    expect(verdict).toMatchObject({ kind: "image", success: true, attested: true });
  });

  it("is false where an attestation could not be stored, and the result says so", async () => {
    const { review, store } = reviewing(keys);
    store.putFault = ({ checkName }) =>
      checkName === "nobody" ? new VoucherError("forbidden", "denied") : undefined;
    const verdict = toVerdict(await review(ofAmd64));
    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(verdict.platforms[0]).toMatchObject({ success: false, attested: false });
    expect(result(verdict, "nobody")).toEqual({
      name: "nobody",
      status: "pass",
      success: true,
      attested: false,
      error: "passed, but could not be attested: denied",
    });
  });

  it("is false where a forced signature could not be stored, though an older one still counts", async () => {
    const { review, store } = reviewing(keys);
    await review(ofAmd64);
    store.putFault = () => new VoucherError("forbidden", "denied");
    const verdict = toVerdict(await review(ofAmd64, { existing: "force" }));
    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(result(verdict, "nobody")).toMatchObject({ status: "pass", attested: false });
  });

  it("is false where the index's own attestation is missing, though its platforms have theirs", async () => {
    const both = indexOf([amd64]);
    const { review, store } = reviewing(keys);
    store.putFault = ({ subject }) =>
      subject.digest === both.reference.digest ? new VoucherError("forbidden", "denied") : undefined;
    const verdict = toVerdict(await review(both));
    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(verdict.platforms[0]).toMatchObject({ success: true, attested: true });
  });

  it("follows the checks alone in a dry run, where nothing is attested", async () => {
    const good = toVerdict(await reviewing(keys).review(ofAmd64, {}, { dryRun: true }));
    expect(good).toMatchObject({ success: true, attested: false });
    expect(good.platforms[0]).toMatchObject({ success: true, attested: false });
    expect(good.results.every(({ attested }) => !attested)).toBe(true);
    const bad = toVerdict(await reviewing(keys).review(index, {}, { dryRun: true }));
    expect(bad).toMatchObject({ success: false, attested: false });
  });

  it("sums up the selected platforms where the index is owed nothing", async () => {
    const platforms = { select: [{ os: "linux", architecture: "amd64" }], index: "never" } as const;
    const verdict = toVerdict(await reviewing(keys).review(index, { platforms }));
    expect(verdict).toMatchObject({ kind: "index", success: true, attested: true });
    expect(verdict.results).toEqual([
      { name: "diy", status: "pass", success: true, attested: true },
      { name: "nobody", status: "pass", success: true, attested: true },
    ]);
    expect(verdict.platforms).toHaveLength(1);
  });

  it("is false for an artifact, and nothing of it is attested", async () => {
    const verdict = toVerdict(await reviewing(keys).review(artifact("application/spdx+json")));
    expect(verdict).toMatchObject({ kind: "artifact", success: false, attested: false, platforms: [] });
    expect(result(verdict, "nobody")?.error).toBe("not an image (application/spdx+json)");
  });

  it("is false for a host that was not contacted, whose image keeps the name it was asked by", async () => {
    const image = parseReference("evil.example/app:v1");
    const verdict = toVerdict(await reviewing(keys).review(ofAmd64, { image, onlyHostsOf: ["gcr.io"] }));
    expect(verdict).toMatchObject({ image: "evil.example/app:v1", success: false, attested: false });
  });
});

describe("a result", () => {
  it("says what is waited for", async () => {
    const verdict = toVerdict(
      await reviewing(keys).review(ofAmd64, { checks: judging(pending("scan", "a scan")) }),
    );
    expect(verdict.results).toEqual([
      { name: "nobody", status: "pending", success: false, attested: false, error: "waiting: a scan" },
    ]);
  });

  it("carries the findings of the check beside its reason", async () => {
    const findings = [{ id: "CVE-2026-1", severity: "high", package: "openssl", fixedIn: "3.0.1" }];
    const verdict = toVerdict(
      await reviewing(keys).review(ofAmd64, { checks: judging(fail("CVE-2026-1", findings)) }),
    );
    expect(verdict.results[0]).toMatchObject({ status: "fail", error: "CVE-2026-1", findings });
  });

  it("names the command for a check that fails while an older attestation still counts", async () => {
    const { review } = reviewing(keys);
    await review(ofAmd64);
    const verdict = toVerdict(await review(ofAmd64, { checks: judging(fail("no")), existing: "run" }));
    expect(verdict.results[0]).toMatchObject({
      status: "fail",
      success: false,
      attested: true,
      error: `no (an older attestation still admits it; withdraw it with voucher revoke ${formatReference(ofAmd64.reference)} --check ${verdict.results[0]?.name} --reason TEXT)`,
    });
    expect(verdict.success).toBe(false);
  });

  it("names, for a platform, the platform itself", async () => {
    const { review } = reviewing(keys);
    const image = platformImage("linux/arm64", { user: "app" });
    const index = indexOf([image]);
    await review(index);
    const { platforms, results } = toVerdict(
      await review(index, { checks: judging(fail("no")), existing: "run" }),
    );
    expect(platforms[0]?.results[0]?.error).toContain(
      `voucher revoke ${formatReference(image.reference)} --`,
    );
    expect(results[0]?.error).toContain(`voucher revoke ${formatReference(index.reference)} --`);
  });

  it("calls a platform unknown that nothing names", async () => {
    const verdict = toVerdict(await reviewing(keys).review(indexOf([unresolved(undefined, notFound())])));
    expect(verdict.platforms[0]?.platform).toBe("unknown");
    expect(verdict.platforms[0]?.results[0]).toMatchObject({ status: "error", error: "it is gone" });
  });

  it("gives a signature in base64, but an armored OpenPGP one as the text it is (Voucher's JSON broke KMS signatures)", async () => {
    const armored = "-----BEGIN PGP MESSAGE-----\n\nowE…\n-----END PGP MESSAGE-----\n";
    const reviewed = await reviewing(keys).review(ofAmd64);
    const withSignature = (bytes: Uint8Array) =>
      toVerdict({
        ...reviewed,
        judgements: reviewed.judgements.map((one) =>
          one.attestation === undefined
            ? one
            : { ...one, attestation: { ...one.attestation, signature: { bytes, keyId: "K" } } },
        ),
      }).results[0]?.details?.Signature;
    expect(withSignature(Uint8Array.of(0x30, 0x45, 0xff, 0x00))).toBe("MEX/AA==");
    expect(withSignature(Buffer.from(armored, "latin1"))).toBe(
      Buffer.from(armored, "latin1").toString("latin1"),
    );
  });
});
