import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp, generatePkixKey } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { parseReference } from "../lib/image/reference.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage, sampleIndex } from "../lib/local/samples.ts";
import { startStack } from "../lib/local/stack.ts";
import { attestedIn } from "./support/bundles.ts";
import { kmsPath, startKms } from "./support/kms.ts";
import { VERIFIER } from "./support/oci-stage.ts";

const CHECKS = ["diy", "nobody"];
const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "10001" })),
});
const patience = () => AbortSignal.timeout(20_000);

/** What opens the application on an embedded stack with the index in it, with ever other signing. */
async function openStage() {
  const folder = await mkdtemp(join(tmpdir(), "voucher-oci-app-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const stack = await startStack({ project: "prod", checks: CHECKS });
  onTestFinished(() => stack.close());
  await pushSample(INDEX, { url: stack.registry.url, repository: "team/app", tag: "v1" });
  const image = parseReference(`${stack.registry.host}/team/app:v1`);
  for (const name of ["diy", "nobody", "newer"]) {
    const { privateKey, publicKey } = await generatePkixKey();
    await writeFile(join(folder, `${name}.pem`), privateKey);
    await writeFile(join(folder, `${name}.pub`), publicKey);
  }
  const open = async (signing: object) => {
    const file = join(folder, "voucher.json");
    const config = {
      valid_repos: [stack.registry.host],
      metadata_client: "oci",
      oci: { verifier_id: VERIFIER },
      // What is never asked stands where nobody answers.
      containeranalysis: { endpoint: "http://127.0.0.1:9" },
      checks: { diy: true, nobody: true },
      ...signing,
    };
    await writeFile(file, JSON.stringify(config));
    const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
    const app = await createApp(loaded.config, { observer: { record: () => {} }, env: {} });
    return { app, checks: app.checksNamed(["all"]) };
  };
  return { open, image, registry: stack.registry, folder };
}

const pkix = (nobody: string, more: object = {}) => ({
  signer: "pkix",
  pkix_keys: [
    { check: "diy", path: "diy.pem" },
    { check: "nobody", path: nobody },
  ],
  ...more,
});

describe("the application with the oci store", () => {
  it("attests with Cloud KMS, verifies, and names the key version", async () => {
    const kms = await startKms();
    onTestFinished(() => kms.close());
    for (const check of CHECKS) kms.add(kmsPath(check), "EC_SIGN_P256_SHA256");
    const { open, image } = await openStage();
    const { app, checks } = await open({
      signer: "kms",
      kms: { endpoint: kms.url },
      kms_keys: CHECKS.map((check) => ({ check, path: kmsPath(check) })),
    });
    expect(await app.check(image, checks, "run", patience())).toMatchObject({
      success: true,
      attested: true,
    });
    const { verdict, attested } = await app.verify(image, checks, patience());
    expect(verdict).toMatchObject({ success: true, attested: true });
    expect(attested).toHaveLength(6);
    expect(attested.map(({ checkName, keyId }) => [checkName, keyId])).toEqual(
      attested.map(({ checkName }) => [checkName, `//cloudkms.googleapis.com/v1/${kmsPath(checkName)}`]),
    );
  });

  it("reuses what counts, and makes again only what a rotated key does not vouch for", async () => {
    const { open, image, registry } = await openStage();
    const count = async () => (await attestedIn(registry.url, "team/app", INDEX.root.digest)).length;
    const before = await open(pkix("nobody.pem"));
    await before.app.check(image, before.checks, "reuse", patience());
    await before.app.check(image, before.checks, "reuse", patience());
    expect(await count()).toBe(2);

    const after = await open(pkix("newer.pem"));
    const { verdict } = await after.app.verify(image, after.checks, patience());
    expect(verdict.results.map(({ name, status }) => [name, status])).toEqual([
      ["diy", "pass"],
      ["nobody", "fail"],
    ]);
    await after.app.check(image, after.checks, "reuse", patience());
    expect(await count()).toBe(3);
    for (const { app, checks } of [before, after])
      expect((await app.verify(image, checks, patience())).verdict.success).toBe(true);

    const trusted = [{ check: "nobody", path: "nobody.pub" }];
    const both = await open(pkix("newer.pem", { trusted_keys: trusted }));
    await both.app.check(image, both.checks, "reuse", patience());
    expect(await count()).toBe(3);
  });

  it("counts no summary of another verifier, though the keys are the same", async () => {
    const { open, image } = await openStage();
    const first = await open(pkix("nobody.pem"));
    await first.app.check(image, first.checks, "reuse", patience());
    const other = await open({ ...pkix("nobody.pem"), oci: { verifier_id: "https://other.example.com" } });
    expect((await other.app.verify(image, other.checks, patience())).verdict.success).toBe(false);
  });

  it("withdraws what stands on the index and on its platforms", async () => {
    const { open, image, registry } = await openStage();
    const { app, checks } = await open(pkix("nobody.pem"));
    await app.check(image, checks, "reuse", patience());
    const nobody = app.checksNamed(["nobody"]);
    const { standing } = await app.standing({ image, platforms: "all" }, nobody, patience());
    expect(standing.map(({ where }) => where)).toEqual(["linux/amd64", "linux/arm64", "index"]);
    const withdrawn = await app.revoke(standing, { who: "me", reason: "test" }, patience());
    expect(withdrawn.filter(({ error }) => error !== undefined)).toEqual([]);
    for (const { digest } of INDEX.manifests)
      expect(await attestedIn(registry.url, "team/app", digest)).toMatchObject([{ check: "diy" }]);
  });

  it("needs nothing to be made before there can be an attestation", async () => {
    const { open } = await openStage();
    const { app, checks } = await open(pkix("nobody.pem"));
    expect(await app.prepareStore(checks, patience())).toEqual([]);
  });
});
