import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { artifactTypeOf, isBuildKitAttestation, isCompanionTag } from "../../lib/image/classify.ts";
import { digestOf, names } from "../../lib/image/digest.ts";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { type Index, type Manifest, parseManifest } from "../../lib/image/manifest.ts";
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX } from "../../lib/image/media-types.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import {
  buildKitAttestation,
  companionTag,
  cosignSignature,
  demoImage,
  helmChart,
  type Sample,
  sampleImage,
  sampleIndex,
} from "../../lib/local/samples.ts";

describe("the demo's image", () => {
  it("is the same on every machine", () => {
    expect(demoImage().root.digest).toBe(
      "sha256:ff07a4b6695786cf861852b2716336e48e59f142d9862365173dc2d563ccc202",
    );
  });

  it("holds four platforms, of which linux/s390x alone runs as root, and an attestation of each", () => {
    const sample = demoImage();

    const children = indexOf(sample).manifests;
    const users = children
      .filter(({ platform }) => platform?.os === "linux")
      .map((child) => [
        child.platform && formatPlatform(child.platform),
        configOf(sample, child.digest).user,
      ]);
    expect(users).toEqual([
      ["linux/amd64", "10001"],
      ["linux/arm64", "10001"],
      ["linux/arm/v7", "10001"],
      ["linux/s390x", ""],
    ]);
    expect(children).toHaveLength(8);
  });

  it("lists children first, the root last, and everything under its own digest", () => {
    const { manifests, blobs, root } = demoImage();

    expect(manifests.at(-1)?.digest).toBe(root.digest);
    expect([...manifests, ...blobs].filter(({ digest, bytes }) => !names(digest, bytes))).toEqual([]);
  });
});

describe("a sample image", () => {
  it("has a layer whose tar is what its config calls the diff id", () => {
    const sample = sampleImage({ platform: "linux/amd64" });

    const { config, layers } = manifestOf(sample, sample.root.digest);
    const layer = blobOf(sample, layers[0]?.digest);
    const { rootfs } = JSON.parse(Buffer.from(blobOf(sample, config.digest)).toString());
    expect(rootfs.diff_ids).toEqual([digestOf(gunzipSync(layer))]);
  });

  it("gets a digest of its own by when it was created", () => {
    const one = sampleImage({ platform: "linux/amd64" });
    const other = sampleImage({ platform: "linux/amd64", created: "2026-02-01T00:00:00Z" });

    expect(one.root.digest).not.toBe(other.root.digest);
  });

  it("says everything that a platform may say, in the index and in its config", () => {
    const platform = { os: "windows", architecture: "amd64", osVersion: "10.0.1", osFeatures: ["win32k"] };
    const sample = sampleIndex({ images: [sampleImage({ platform })] });

    const child = indexOf(sample).manifests[0];
    expect(child?.platform).toEqual(platform);
    expect(configOf(sample, child?.digest).platform).toEqual(platform);
  });

  it("can be named by sha512", () => {
    expect(sampleImage({ platform: "linux/amd64", algorithm: "sha512" }).root.digest).toMatch(/^sha512:/);
  });
});

describe("a sample index", () => {
  it("is written in Docker's media types where that is asked for", () => {
    const sample = sampleIndex({
      format: "docker",
      images: [sampleImage({ platform: "linux/amd64", format: "docker" })],
    });

    expect(sample.root.mediaType).toBe(DOCKER_LIST);
    expect(indexOf(sample).manifests[0]?.mediaType).toBe(DOCKER_MANIFEST);
  });

  it("can hold another index", () => {
    const inner = sampleIndex({ images: [sampleImage({ platform: "linux/amd64" })] });
    const outer = sampleIndex({ images: [inner, sampleImage({ platform: "linux/arm64" })] });

    expect(indexOf(outer).manifests.map(({ mediaType }) => mediaType)[0]).toBe(OCI_INDEX);
    expect(outer.manifests).toHaveLength(4);
  });

  it.each(["layers", "artifact"] as const)("carries BuildKit's attestations as %s", (form) => {
    const sample = sampleIndex({ images: [sampleImage({ platform: "linux/amd64" })], attestations: form });

    const siblings = indexOf(sample).manifests;
    const [, attestation] = siblings;
    const judged =
      attestation && isBuildKitAttestation(attestation, manifestOf(sample, attestation.digest), siblings);
    expect(judged).toBe(true);
  });
});

describe("what is no image", () => {
  const image = sampleImage({ platform: "linux/amd64" });

  it.each([
    ["a Helm chart", helmChart()],
    ["a cosign signature", cosignSignature(image)],
    ["BuildKit's attestation as layers", buildKitAttestation(image, "layers")],
    ["BuildKit's attestation as an artifact", buildKitAttestation(image, "artifact")],
  ])("%s is an artifact when it is named itself", (_name, sample) => {
    expect(artifactTypeOf(manifestOf(sample, sample.root.digest))).toBeDefined();
  });

  it("lies under a tag that says so, where cosign made it", () => {
    expect(isCompanionTag(companionTag(image.root.digest, "sig"))).toBe(true);
  });
});

function blobOf(sample: Sample, digest: string | undefined): Uint8Array {
  const found = [...sample.blobs, ...sample.manifests].find((blob) => blob.digest === digest);
  if (found === undefined) throw new Error(`the sample has no ${digest}`);
  return found.bytes;
}

function indexOf(sample: Sample): Index {
  const parsed = parseManifest(blobOf(sample, sample.root.digest));
  if (parsed.kind !== "index") throw new Error("the sample is no index");
  return parsed;
}

function manifestOf(sample: Sample, digest: string): Manifest {
  const parsed = parseManifest(blobOf(sample, digest));
  if (parsed.kind !== "manifest") throw new Error(`${digest} is no manifest`);
  return parsed;
}

function configOf(sample: Sample, digest: string | undefined) {
  return parseImageConfig(blobOf(sample, manifestOf(sample, digest ?? "").config.digest));
}
