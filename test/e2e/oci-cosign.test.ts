import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { buildSigstoreTools, SUMMARY } from "../support/cosign.ts";
import { startDistribution } from "../support/distribution.ts";
import { type OciStage, openOciStage, VERIFIER } from "../support/oci-stage.ts";
import type { RunResult } from "../support/processes.ts";
import { describeUnless, missingTools } from "../support/tools.ts";

const AMD64 = sampleImage({ platform: "linux/amd64", user: "app" });
const ARM64 = sampleImage({ platform: "linux/arm64", user: "app" });
const ROOT = sampleImage({ platform: "linux/s390x" });
const GOOD = sampleIndex({ images: [AMD64, ARM64] });
const MIXED = sampleIndex({ images: [AMD64, ARM64, ROOT] });
const OFFLINE = ["--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry", "--yes"];

const tools = await buildSigstoreTools();
afterAll(() => tools.close());
const lacking = new Map([...tools.lacking, ...missingTools(["docker-registry", "openssl"])]);

describeUnless(lacking, "cosign 3", () => {
  let stage: OciStage;

  beforeAll(async () => {
    stage = await openOciStage();
  });

  afterAll(() => stage?.close());

  /** Whether `image` has a summary that verifies under the key in `file`, as cosign says. */
  function verify(image: string, file: string, ...flags: string[]): Promise<RunResult> {
    const args = ["verify-attestation", "--key", file, "--type", SUMMARY, "--insecure-ignore-tlog=true"];
    return tools.cosign([...args, "--allow-http-registry", ...flags, image], stage.folder);
  }

  const REGISTRIES: readonly (readonly [string, () => Promise<Peer>])[] = [
    ["Debian's docker-registry", startDistribution],
    ["crane's registry", tools.craneRegistry],
    ["the embedded registry, by the referrers API", startRegistry],
    ["the embedded registry, without that API", () => startRegistry({ referrersApi: false })],
  ];

  describe.each(REGISTRIES)("on %s", (_, start) => {
    let registry: Peer;
    let name: string;

    beforeAll(async () => {
      registry = await start();
      name = `${registry.host}/team/app`;
      await stage.configure(registry.host, { oci: { cosign_tags: true } });
      for (const [sample, tag] of [
        [GOOD, "good"],
        [MIXED, "mixed"],
      ] as const)
        await pushSample(sample, { url: registry.url, repository: "team/app", tag });
      expect(await stage.run("check", `${name}:good`, "--json")).toMatchObject({ code: 0, stderr: "" });
      expect((await stage.run("check", `${name}:mixed`, "-q")).code).toBe(1);
    });

    afterAll(() => registry?.close());

    const attested: readonly (readonly [string, string])[] = [
      ["the index", GOOD.root.digest],
      ["linux/amd64", AMD64.root.digest],
      ["linux/arm64", ARM64.root.digest],
    ];

    describe.each([
      ["bundle", []],
      ["tag", ["--new-bundle-format=false"]],
    ] as const)("accepts the %s", (_, flags) => {
      it.each(attested)("of %s, by the key of each check and by no other", async (_, digest) => {
        const image = `${name}@${digest}`;
        for (const key of ["diy.pub", "nobody.pub"])
          expect(await verify(image, key, ...flags)).toMatchObject({ code: 0 });
        const refused = await verify(image, "newer.pub", ...flags);
        expect(refused.code).not.toBe(0);
        expect(refused.stderr).toContain("no matching attestations");
      });

      it("of no platform that failed, and of no index that holds it", async () => {
        for (const digest of [ROOT.root.digest, MIXED.root.digest]) {
          expect((await verify(`${name}@${digest}`, "nobody.pub", ...flags)).code).not.toBe(0);
          expect((await verify(`${name}@${digest}`, "diy.pub", ...flags)).code).toBe(0);
        }
      });
    });

    it("prints the summary: of the index, with the platforms that passed", async () => {
      const { stdout } = await verify(`${name}:good`, "nobody.pub");
      const { payload } = JSON.parse(stdout);
      const { subject, predicate } = JSON.parse(Buffer.from(payload, "base64").toString());
      expect(subject.map(({ digest }: { digest: object }) => digest)).toEqual(
        [GOOD, AMD64, ARM64].map(({ root }) => ({ sha256: root.digest.slice("sha256:".length) })),
      );
      expect(predicate).toMatchObject({
        verifier: { id: VERIFIER },
        policy: { uri: `${VERIFIER}/checks/nobody` },
        verificationResult: "PASSED",
        resourceUri: `https://${name}@${GOOD.root.digest}`,
      });
    });

    it("accepts it no more once it is withdrawn, and voucher neither", async () => {
      const digest = ARM64.root.digest;
      const revoked = await stage.run(
        "revoke",
        `${name}@${digest}`,
        "--check",
        "nobody",
        "--reason",
        "a backdoor",
        "--yes",
      );
      expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining("revoked nobody") });
      for (const flags of [[], ["--new-bundle-format=false"]]) {
        expect((await verify(`${name}@${digest}`, "nobody.pub", ...flags)).code).not.toBe(0);
        expect((await verify(`${name}@${digest}`, "diy.pub", ...flags)).code).toBe(0);
      }
      expect((await stage.run("verify", `${name}@${digest}`, "-q")).code).toBe(1);
      expect((await stage.run("check", `${name}@${digest}`, "-q")).code).toBe(0);
      expect((await verify(`${name}@${digest}`, "nobody.pub")).code).toBe(0);
    });
  });

  describe("beside other writers, on Debian's docker-registry", () => {
    let registry: Peer;
    let name: string;

    beforeAll(async () => {
      registry = await startDistribution();
      name = `${registry.host}/team/app`;
      await tools.cosign(["generate-key-pair"], stage.folder);
      await writeFile(join(stage.folder, "predicate.json"), '{"reviewed":true}');
    });

    afterAll(() => registry?.close());

    beforeEach(async () => {
      await stage.configure(registry.host, { oci: { cosign_tags: true } });
      await pushSample(GOOD, { url: registry.url, repository: "team/app", tag: "v1" });
    });

    async function attest(image: string, ...flags: string[]): Promise<void> {
      const predicate = ["--predicate", "predicate.json", "--type", "https://example.com/reviewed"];
      const args = ["attest", "--key", "cosign.key", ...predicate, ...OFFLINE, ...flags, image];
      expect(await tools.cosign(args, stage.folder)).toMatchObject({ code: 0 });
    }

    it.each([
      ["bundle", []],
      ["tag", ["--new-bundle-format=false"]],
    ] as const)("is read by voucher verify --key: its %s", async (form, flags) => {
      const digest = form === "bundle" ? AMD64.root.digest : ARM64.root.digest;
      await attest(`${name}@${digest}`, ...flags);

      const found = await stage.run("verify", `${name}@${digest}`, "--key", "cosign.pub", "--json");
      expect(found.code).toBe(0);
      expect(JSON.parse(found.stdout)).toMatchObject({
        success: true,
        results: [{ name: "https://example.com/reviewed", status: "pass", attested: true }],
      });
      const platform = form === "bundle" ? "linux/amd64" : "linux/arm64";
      const ofPlatform = await stage.run(
        "verify",
        `${name}:v1`,
        "--key",
        "cosign.pub",
        "--platform",
        platform,
      );
      expect(ofPlatform.code).toBe(0);
      expect((await stage.run("verify", `${name}@${digest}`, "--key", "newer.pub", "-q")).code).toBe(1);
      expect((await stage.run("verify", `${name}:v1`, "--key", "cosign.pub", "-q")).code).toBe(1);
    });

    // Seven programs, one after the other: on a machine with much to do that takes a while.
    it("loses nothing of voucher's, nor voucher of its", async () => {
      const image = `${name}@${GOOD.root.digest}`;
      await attest(image);
      await attest(image, "--new-bundle-format=false");
      expect((await stage.run("check", image, "-q")).code).toBe(0);
      await attest(image);
      await attest(image, "--new-bundle-format=false");

      expect((await stage.run("verify", image, "-q")).code).toBe(0);
      for (const flags of [[], ["--new-bundle-format=false"]]) {
        expect((await verify(image, "nobody.pub", ...flags)).code).toBe(0);
        const theirs = ["--type", "https://example.com/reviewed", ...flags];
        expect((await verify(image, "cosign.pub", ...theirs)).code).toBe(0);
      }
    }, 90_000);

    it("finds what is kept in a repository of its own, for images that nobody may write to", async () => {
      const kept = `${registry.host}/attestations`;
      await stage.configure(registry.host, { oci: { repository: kept, cosign_tags: true } });
      await pushSample(GOOD, { url: registry.url, repository: "read/only", tag: "v1" });
      const image = `${registry.host}/read/only:v1`;
      expect((await stage.run("check", image, "-q")).code).toBe(0);
      expect((await stage.run("verify", image, "-q")).code).toBe(0);

      const tags = await (await fetch(`${registry.url}/v2/read/only/tags/list`)).json();
      expect(tags).toMatchObject({ tags: ["v1"] });
      const args = ["verify-attestation", "--key", "nobody.pub", "--type", SUMMARY];
      const rest = ["--insecure-ignore-tlog=true", "--allow-http-registry", image];
      const env = { COSIGN_REPOSITORY: kept };
      for (const flags of [[], ["--new-bundle-format=false"]])
        expect((await tools.cosign([...args, ...flags, ...rest], stage.folder, env)).code).toBe(0);
      expect((await tools.cosign([...args, ...rest], stage.folder)).code).not.toBe(0);
    });

    it("verifies by the command that the documentation gives", async () => {
      expect((await stage.run("check", `${name}:v1`, "-q")).code).toBe(0);
      const page = await readFile(new URL("../../docs/oci-store.md", import.meta.url), "utf8");
      const [, command = ""] = /```sh\n(cosign verify-attestation [\s\S]*?)```/.exec(page) ?? [];
      const [, ...args] = command.replaceAll("\\\n", " ").replace("IMAGE", `${name}:v1`).trim().split(/\s+/);
      expect(args).toContain(`${name}:v1`);
      expect(await tools.cosign([...args, "--allow-http-registry"], stage.folder)).toMatchObject({ code: 0 });
    });

    it.each([
      ["P-384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], false],
      ["P-521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], false],
      ["RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], true],
      ["RSA-PSS", ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], false],
    ] as const)("and a key for %s: voucher always verifies it", async (_, options, byCosign) => {
      const openssl = (...args: string[]) =>
        execFileSync("openssl", args, { cwd: stage.folder, stdio: "pipe", timeout: 20_000 });
      openssl("genpkey", ...options, "-out", "other.pem");
      openssl("pkey", "-in", "other.pem", "-pubout", "-out", "other.pub");
      await stage.configure(registry.host, { keyOfNobody: "other.pem" });
      expect((await stage.run("check", `${name}:v1`, "-q")).code).toBe(0);
      expect((await stage.run("verify", `${name}:v1`, "-q")).code).toBe(0);
      expect((await verify(`${name}:v1`, "other.pub")).code === 0).toBe(byCosign);
    });
  });
});

interface Peer {
  readonly host: string;
  readonly url: string;
  close(): Promise<void>;
}
