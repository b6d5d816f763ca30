import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage, helmChart, type Sample, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { sentences, voucher } from "../support/cli.ts";
import { type RunResult, run } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];

const DEMO = demoImage();
const SINGLE = sampleImage({ platform: "linux/arm64/v8", user: "10001" });
const DOCKER = sampleIndex({
  format: "docker",
  images: ["linux/amd64", "linux/arm/v6"].map((platform) => sampleImage({ platform, format: "docker" })),
});
const CHART = helmChart();
const [STAYS, LEAVES] = ["linux/amd64", "linux/arm64"].map((platform) =>
  sampleImage({ platform, created: "2026-01-02T00:00:00Z" }),
) as [Sample, Sample];
const BROKEN = sampleIndex({ images: [STAYS, LEAVES] });

describeWith(["docker-registry", "skopeo"], "voucher resolve", () => {
  let stage: Stage;
  let name: string;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    await skopeoPush(DEMO, `${name}:demo`);
    await skopeoPush(SINGLE, `${name}:single`);
    // skopeo reads OCI's types alone from a layout, and images alone.
    const { url } = stage.registry;
    await pushSample(DOCKER, { url, repository: "team/app", tag: "docker" });
    await pushSample(CHART, { url, repository: "team/app", tag: "chart" });
    await skopeoPush(BROKEN, `${name}:broken`);
    await stage.registry.deleteManifest("team/app", LEAVES.root.digest);
  });

  afterAll(async () => {
    await stage?.close();
  });

  function resolve(...args: string[]): Promise<RunResult> {
    return voucher(["resolve", ...args], { cwd: stage.folder });
  }

  function listed(sample: Sample, platform: string) {
    const { digest, mediaType, size } = sample.root;
    return { platform, digest, mediaType, size };
  }

  function demoDocument() {
    const [four, attestations] = [DEMO.manifests.slice(0, 4), DEMO.manifests.slice(4, 8)];
    return {
      image: `${name}@${DEMO.root.digest}`,
      kind: "index",
      mediaType: INDEX_TYPE,
      platforms: four.map(({ digest, bytes }, at) => ({
        platform: PLATFORMS[at],
        digest,
        mediaType: MANIFEST_TYPE,
        size: bytes.length,
      })),
      skipped: attestations.map(({ digest }) => ({ digest, reason: "attestation-manifest" })),
      errors: [],
    };
  }

  it("lists an index's platforms in its own order, and what it skipped", async () => {
    const { code, stdout, stderr } = await resolve(`${name}:demo`, "--json");

    expect(JSON.parse(stdout)).toEqual(demoDocument());
    expect(Object.keys(JSON.parse(stdout))).toEqual([
      "image",
      "kind",
      "mediaType",
      "platforms",
      "skipped",
      "errors",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("answers the same from a checkout, as `npm run -s voucher --`", async () => {
    const { code, stdout } = await run(
      "npm",
      ["run", "-s", "voucher", "--", "resolve", `${name}:demo`, "--json"],
      {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { HOME: stage.folder },
      },
    );

    expect(JSON.parse(stdout)).toEqual(demoDocument());
    expect(code).toBe(0);
  });

  it("answers the same for the digest, with and without the tag", async () => {
    for (const image of [`${name}@${DEMO.root.digest}`, `${name}:demo@${DEMO.root.digest}`]) {
      const { code, stdout } = await resolve(image, "--json");

      expect(JSON.parse(stdout)).toEqual(demoDocument());
      expect(code).toBe(0);
    }
  });

  it("reads a single image's platform from its config, and prints it as declared", async () => {
    const { code, stdout } = await resolve(`${name}:single`, "--json");

    expect(JSON.parse(stdout)).toEqual({
      image: `${name}@${SINGLE.root.digest}`,
      kind: "image",
      mediaType: MANIFEST_TYPE,
      platforms: [listed(SINGLE, "linux/arm64/v8")],
      skipped: [],
      errors: [],
    });
    expect(code).toBe(0);
  });

  it("reads Docker's manifest list", async () => {
    const { code, stdout } = await resolve(`${name}:docker`, "--json");

    expect(JSON.parse(stdout)).toMatchObject({
      image: `${name}@${DOCKER.root.digest}`,
      kind: "index",
      mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
      platforms: [{ platform: "linux/amd64" }, { platform: "linux/arm/v6" }],
    });
    expect(code).toBe(0);
  });

  it("says that a Helm chart is an artifact, which is no fault", async () => {
    const { code, stdout } = await resolve(`${name}:chart`, "--json");

    expect(JSON.parse(stdout)).toEqual({
      image: `${name}@${CHART.root.digest}`,
      kind: "artifact",
      mediaType: MANIFEST_TYPE,
      platforms: [],
      skipped: [],
      errors: [],
    });
    expect(code).toBe(0);
  });

  it("ends with 3 for an index with a child that is gone, and still lists the others", async () => {
    const result = await resolve(`${name}:broken`, "--json");

    const document = JSON.parse(result.stdout);
    expect(document.platforms).toEqual([listed(STAYS, "linux/amd64")]);
    expect(document.errors).toEqual([{ digest: LEAVES.root.digest, error: expect.any(String) }]);
    expect(sentences(result)).toEqual([`voucher: ${LEAVES.root.digest}: ${document.errors[0].error}`]);
    expect(result.code).toBe(3);
  });

  it("prints one platform's digest alone with --platform and -q", async () => {
    const result = await resolve(`${name}:demo`, "--platform", "linux/arm64", "-q");

    expect(result).toEqual({ code: 0, stdout: `${DEMO.manifests[1]?.digest}\n`, stderr: "" });
  });

  it("names the platforms there are, where the one that was asked for is missing", async () => {
    const result = await resolve(`${name}:demo`, "--platform", "windows/amd64", "-q");

    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(sentences(result)).toHaveLength(1);
    for (const platform of ["windows/amd64", ...PLATFORMS]) expect(result.stderr).toContain(platform);
  });

  it("shows people a tree", async () => {
    const { code, stdout } = await resolve(`${name}:demo`);

    for (const platform of PLATFORMS) expect(stdout).toContain(platform);
    expect(stdout.match(/skipped: attestation-manifest/g)).toHaveLength(4);
    expect(code).toBe(0);
  });

  it.each([
    ["whose tag is not there", () => `${name}:absent`],
    ["whose repository is not there", () => `${stage.registry.host}/nobody/knows:v1`],
    ["whose registry does not answer", () => "127.0.0.1:9/team/app:v1"],
  ])("ends with 3 and one sentence for an image %s", async (_what, image) => {
    const result = await resolve(image(), "--json");

    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(sentences(result)).toEqual([expect.stringContaining(image())]);
  });
});
