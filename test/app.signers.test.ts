import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { parseReference } from "../lib/image/reference.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage, sampleIndex } from "../lib/local/samples.ts";
import { startStack } from "../lib/local/stack.ts";
import { generatePkixKey } from "../lib/sign/generate.ts";
import { makePgpKey } from "./sign/pgp-keys.ts";
import { kmsPath, startKms } from "./support/kms.ts";

const CHECKS = ["diy", "nobody"];
const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "10001" })),
});
const patience = () => AbortSignal.timeout(20_000);

/** The application with `signing` in its configuration, and the index pushed; what it recorded. */
async function openApp(signing: object, files: { readonly [name: string]: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "voucher-signers-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const stack = await startStack({ project: "prod", checks: CHECKS });
  onTestFinished(() => stack.close());
  await pushSample(INDEX, { url: stack.registry.url, repository: "team/app", tag: "v1" });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const file = join(folder, "voucher.json");
  const config = {
    valid_repos: [stack.registry.host],
    binauth_project: "prod",
    containeranalysis: { endpoint: stack.grafeas.url },
    checks: { diy: true, nobody: true },
    ...signing,
  };
  await writeFile(file, JSON.stringify(config));
  const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const recorded: unknown[] = [];
  const observer = { record: (...entry: unknown[]) => void recorded.push(entry) };
  const app = await createApp(loaded.config, { observer, env: {} });
  return { app, stack, recorded, image: parseReference(`${stack.registry.host}/team/app:v1`) };
}

describe("signing with Cloud KMS", () => {
  it("attests and verifies, and asks for each public key once", async () => {
    const kms = await startKms();
    onTestFinished(() => kms.close());
    for (const check of CHECKS) kms.add(kmsPath(check), "EC_SIGN_P256_SHA256");
    const { app, image } = await openApp({
      signer: "kms",
      kms: { endpoint: kms.url },
      kms_keys: CHECKS.map((check) => ({ check, path: kmsPath(check), algo: "SHA256" })),
    });
    const checks = app.checksNamed(["all"]);

    expect(await app.check(image, checks, "run", patience())).toMatchObject({
      success: true,
      attested: true,
    });
    const { verdict, attested } = await app.verify(image, checks, patience());

    expect(verdict).toMatchObject({ success: true, attested: true });
    expect(attested.map(({ keyId }) => keyId)).toContain(`//cloudkms.googleapis.com/v1/${kmsPath("nobody")}`);
    expect(kms.count("asymmetricSign")).toBe(6);
    expect(kms.count("publicKey")).toBe(2);
  });
});

describe("signing with OpenPGP keys of the secrets", () => {
  it("attests and verifies, and shows no secret anywhere", async () => {
    const keys = new Map(
      await Promise.all(CHECKS.map(async (check) => [check, await makePgpKey()] as const)),
    );
    const secrets = {
      openpgpkeys: Object.fromEntries([...keys].map(([check, { privateKey }]) => [check, privateKey])),
    };
    const { app, image, recorded } = await openApp(
      { signer: "pgp", secrets: { file: "secrets.json" } },
      { "secrets.json": JSON.stringify(secrets) },
    );
    const checks = app.checksNamed(["all"]);

    const verdict = await app.check(image, checks, "run", patience());
    expect(verdict).toMatchObject({ success: true, attested: true });
    expect(verdict.results[0]?.details?.Signature).toMatch(/^-----BEGIN PGP MESSAGE-----/);
    expect((await app.verify(image, checks, patience())).verdict).toMatchObject({ success: true });
    const shown = JSON.stringify([recorded, app.config, [...(await app.publicKeys())]]);
    expect(shown).not.toContain("PRIVATE KEY");
  });

  it("says what is missing where a check has no key, and attests the others", async () => {
    const { privateKey } = await makePgpKey();
    const { app, image } = await openApp(
      { signer: "pgp", secrets: { file: "secrets.json" } },
      { "secrets.json": JSON.stringify({ openpgpkeys: { diy: privateKey } }) },
    );
    const verdict = await app.check(image, app.checksNamed(["all"]), "run", patience());
    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(verdict.results.map(({ name, attested }) => [name, attested])).toEqual([
      ["diy", true],
      ["nobody", false],
    ]);
    expect(verdict.results[1]?.error).toContain("openpgpkeys");
  });
});

describe("a signer without any key", () => {
  it.each([
    ["pgp", "none is configured; set ejson.dir and ejson.secrets, sops.file or secrets.file"],
    ["kms", "no key is configured; add [[kms_keys]]"],
  ])("is refused before anything is reviewed: %s", async (signer, words) => {
    const { app, image, stack } = await openApp({ signer });
    const refusal = { code: "config", message: expect.stringContaining(words) };

    expect(() => app.requireEventsReviewable()).toThrow(expect.objectContaining(refusal));
    expect(() => app.requireRequestsAnswerable()).toThrow(expect.objectContaining(refusal));
    await expect(app.check(image, app.checksNamed(["all"]), "run", patience())).rejects.toMatchObject(
      refusal,
    );
    expect(stack.registry.traffic.count({ method: "GET" })).toBe(0);
  });

  it.each([["pgp"], ["kms"]])("is no hindrance where nothing is signed: %s", async (signer) => {
    const { app, image } = await openApp({ signer, dryrun: true });
    const { app: verifying } = await openApp({ signer });
    const checks = app.checksNamed(["all"]);

    expect(() => app.requireEventsReviewable()).not.toThrow();
    expect(await app.check(image, checks, "run", patience())).toMatchObject({ success: true });
    expect((await verifying.verify(image, checks, patience())).verdict).toMatchObject({ success: false });
  });
});

describe("a key file that is missing", () => {
  it("hinders its own check alone, and verification says that it cannot say", async () => {
    const { privateKey } = await generatePkixKey();
    const keys = CHECKS.map((check) => ({ check, path: `${check}.pem` }));
    const { app, image, stack } = await openApp(
      { signer: "pkix", pkix_keys: keys },
      { "diy.pem": privateKey, "nobody.pem": (await generatePkixKey()).privateKey },
    );
    const checks = app.checksNamed(["all"]);
    await app.check(image, checks, "run", patience());
    const { app: hindered } = await openApp(
      { signer: "pkix", pkix_keys: keys, containeranalysis: { endpoint: stack.grafeas.url } },
      { "diy.pem": privateKey },
    );

    const { verdict } = await hindered.verify(image, checks, patience());

    expect(verdict.results).toMatchObject([
      { name: "diy", status: "pass", attested: true },
      { name: "nobody", status: "error", attested: false, error: expect.stringContaining("nobody.pem") },
    ]);
  });

  it("lets the other check be attested", async () => {
    const { app, image } = await openApp(
      { signer: "pkix", pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })) },
      { "diy.pem": (await generatePkixKey()).privateKey },
    );
    const verdict = await app.check(image, app.checksNamed(["all"]), "run", patience());

    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(verdict.platforms.map(({ results }) => results)).toMatchObject([
      [
        { name: "diy", attested: true },
        { name: "nobody", status: "pass", attested: false },
      ],
      [
        { name: "diy", attested: true },
        { name: "nobody", status: "pass", attested: false },
      ],
    ]);
    expect(JSON.stringify(verdict)).toContain("nobody.pem cannot be read");
  });
});
