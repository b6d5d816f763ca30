import { describe, expect, it } from "vitest";
import {
  artifactTypeOf,
  hasImageConfig,
  isBuildKitAttestation,
  isBuildKitCache,
  isCompanionTag,
  isReferrersIndex,
} from "../../lib/image/classify.ts";
import { type Descriptor, type Index, type Manifest, parseManifest } from "../../lib/image/manifest.ts";
import { DSSE_ENVELOPE, IN_TOTO, OCI_CONFIG } from "../../lib/image/media-types.ts";
import {
  type AttestationForm,
  buildKitAttestation,
  companionTag,
  cosignSignature,
  helmChart,
  manifestSample,
  type Sample,
  sampleImage,
  sampleIndex,
} from "../../lib/local/samples.ts";

const image = sampleImage({ platform: "linux/amd64", user: "app" });
const other = sampleImage({ platform: "linux/arm64", user: "app" });

function parsed(sample: Sample): Index | Manifest {
  return parseManifest(sample.manifests.at(-1)?.bytes ?? new Uint8Array());
}

function manifestOf(sample: Sample): Manifest {
  const document = parsed(sample);
  if (document.kind === "index") throw new Error("an index");
  return document;
}

function indexOf(...children: Sample[]): Index {
  const document = parsed(sampleIndex({ images: children }));
  if (document.kind !== "index") throw new Error("no index");
  return document;
}

describe("a companion's tag", () => {
  const hex = "ab".repeat(32);
  it.each([
    companionTag(image.root.digest, "sig"),
    `sha256-${hex}.att`,
    `sha256-${hex}.sbom`,
    `sha256-${hex}`,
    `sha512-${hex}`,
    `sha512-${hex}${hex}.sig`,
  ])("is one: %s", (tag) => {
    expect(isCompanionTag(tag)).toBe(true);
  });

  it.each([
    "v1",
    "sha256",
    `sha256-${hex.slice(1)}`,
    `sha256-${hex}0`,
    `sha256-${hex.toUpperCase()}.sig`,
    `sha256-${hex}.sigx`,
    `sha256-${hex}.exe`,
    `xsha256-${hex}.sig`,
    `sha256-${hex}.sig.sig`,
    `sha384-${hex}`,
    `sha512-${hex}${hex}`,
    `sha256-${hex}\n`,
  ])("is not one: %j", (tag) => {
    expect(isCompanionTag(tag)).toBe(false);
  });
});

describe("a manifest that somebody named directly", () => {
  it("is an image where its config is an image config", () => {
    expect(artifactTypeOf(manifestOf(image))).toBeUndefined();
    expect(hasImageConfig(manifestOf(sampleImage({ platform: "linux/amd64", format: "docker" })))).toBe(true);
  });

  it("is an artifact, by its config's type or its own, where it is not", () => {
    expect(artifactTypeOf(manifestOf(helmChart()))).toBe("application/vnd.cncf.helm.config.v1+json");
    expect(artifactTypeOf(manifestOf(buildKitAttestation(image, "artifact")))).toBe(
      "application/vnd.docker.attestation.manifest.v1+json",
    );
  });

  it.each<[string, Sample]>([
    ["cosign's signature", cosignSignature(image)],
    ["BuildKit's attestation", buildKitAttestation(image, "layers")],
    ["a DSSE layer behind an image's", withLayer(DSSE_ENVELOPE)],
    ["a Sigstore bundle", withLayer("application/vnd.dev.sigstore.bundle.v0.3+json")],
  ])("is an artifact whatever its config: %s", (_, sample) => {
    expect(hasImageConfig(manifestOf(sample))).toBe(true);
    expect(artifactTypeOf(manifestOf(sample))).toBeDefined();
  });

  it("stays an image where it merely claims another artifact type", () => {
    const claiming = manifestSample({
      artifactType: "application/spdx+json",
      config: { mediaType: OCI_CONFIG, bytes: Buffer.from("{}") },
      layers: [],
    });
    expect(artifactTypeOf(manifestOf(claiming))).toBeUndefined();
  });
});

describe("BuildKit's cache in a registry", () => {
  it("is told by its config's entry among the children", () => {
    const index = indexOf(image);
    const [child] = index.manifests;
    const cache = { ...child, mediaType: "application/vnd.buildkit.cacheconfig.v0" } as Descriptor;
    expect(isBuildKitCache(index)).toBe(false);
    expect(isBuildKitCache({ ...index, manifests: [...index.manifests, cache] })).toBe(true);
  });
});

describe("BuildKit's attestation beside an image", () => {
  const forms: readonly AttestationForm[] = ["layers", "artifact"];

  it.each(forms)("is told where descriptor, sibling and content agree: as %s", (form) => {
    expect(told(buildKitAttestation(image, form))).toBe(true);
  });

  describe.each(forms)("is not told on a word alone, as %s:", (form) => {
    const sample = buildKitAttestation(image, form);
    const { platform, annotations } = descriptorOf(sample);

    it.each<[string, Partial<Descriptor>]>([
      ["a runnable platform", { platform: { os: "linux", architecture: "amd64" } }],
      ["half a platform", { platform: { os: "linux", architecture: "unknown" } }],
      ["the other half", { platform: { os: "unknown", architecture: "amd64" } }],
      ["no annotations", { annotations: {} }],
      ["another type", { annotations: { ...annotations, "vnd.docker.reference.type": "x" } }],
      [
        "a digest that is no sibling",
        {
          annotations: {
            ...annotations,
            "vnd.docker.reference.digest": sample.root.digest.replace(/.$/, "x"),
          },
        },
      ],
      [
        "its own digest",
        { annotations: { ...annotations, "vnd.docker.reference.digest": sample.root.digest } },
      ],
    ])("%s", (_, changed) => {
      expect(platform).toBeDefined();
      expect(told(sample, changed)).toBe(false);
    });

    it("no platform", () => {
      const { platform: _, ...without } = descriptorOf(sample);
      expect(isBuildKitAttestation(without, manifestOf(sample), siblings(without))).toBe(false);
    });
  });

  it("is not a runnable image that hides behind the annotation", () => {
    const hiding = { ...descriptorOf(buildKitAttestation(image)), digest: other.root.digest };
    expect(isBuildKitAttestation(hiding, manifestOf(other), siblings(hiding))).toBe(false);
  });

  it("is not an image with one in-toto layer among its own", () => {
    expect(told(buildKitAttestation(image), {}, manifestOf(withLayer(IN_TOTO)))).toBe(false);
  });

  it("is not a manifest without any layer", () => {
    const empty = { ...manifestOf(buildKitAttestation(image)), layers: [] };
    expect(told(buildKitAttestation(image), {}, empty)).toBe(false);
  });

  it("is not an artifact of its type without a subject", () => {
    const { subject: _, ...without } = manifestOf(buildKitAttestation(image, "artifact"));
    const runnable = { ...without, layers: manifestOf(image).layers };
    expect(told(buildKitAttestation(image, "artifact"), {}, runnable)).toBe(false);
  });

  function told(sample: Sample, changed: Partial<Descriptor> = {}, content = manifestOf(sample)): boolean {
    const child = { ...descriptorOf(sample), ...changed };
    return isBuildKitAttestation(child, content, siblings(child));
  }
});

function descriptorOf(sample: Sample): Descriptor {
  const child = indexOf(image, sample).manifests.find(({ digest }) => digest === sample.root.digest);
  if (child === undefined) throw new Error("the index lacks it");
  return child;
}

function siblings(child: Descriptor): readonly Descriptor[] {
  return [...indexOf(image, other).manifests, child];
}

function withLayer(mediaType: string): Sample {
  return manifestSample({
    config: { mediaType: OCI_CONFIG, bytes: Buffer.from('{"os":"linux","architecture":"amd64"}') },
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", bytes: Buffer.from("layer") },
      { mediaType, bytes: Buffer.from("{}") },
    ],
  });
}

describe("an index of referrers", () => {
  const entry = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: other.root.digest,
    size: 1,
  };
  const index = (...manifests: readonly object[]) =>
    parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))) as Index;
  const artifact = { ...entry, artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" };

  it("is one whose every entry names an artifact", () => {
    expect(isReferrersIndex(index(artifact, artifact))).toBe(true);
  });

  it.each([
    ["nothing", []],
    ["an image beside an artifact", [artifact, entry]],
    [
      "an artifact that names a platform",
      [{ ...artifact, platform: { os: "linux", architecture: "amd64" } }],
    ],
    ["an empty artifact type", [{ ...artifact, artifactType: "" }]],
  ])("is not one that lists %s", (_, manifests) => {
    expect(isReferrersIndex(index(...manifests))).toBe(false);
  });
});
