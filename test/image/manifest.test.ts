import { describe, expect, it } from "vitest";
import { parseManifest } from "../../lib/image/manifest.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA_1,
  DOCKER_SCHEMA_1_SIGNED,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/image/media-types.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const descriptor = (mediaType: string, more: object = {}) => ({
  mediaType,
  digest: DIGEST,
  size: 7,
  ...more,
});
const manifest = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: descriptor(OCI_CONFIG),
  layers: [descriptor(LAYER)],
  ...more,
});
const index = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [descriptor(OCI_MANIFEST)],
  ...more,
});
const read = (document: unknown, servedAs?: string) =>
  parseManifest(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), servedAs);
const refusing = (document: unknown, servedAs?: string) => expect(() => read(document, servedAs));
const malformed = expect.objectContaining({ name: "VoucherError", code: "malformed" });
const unsupported = expect.objectContaining({ name: "VoucherError", code: "unsupported" });

describe("a manifest", () => {
  it("is read in OCI's form", () => {
    expect(read(manifest())).toEqual({
      kind: "manifest",
      mediaType: OCI_MANIFEST,
      config: { ...descriptor(OCI_CONFIG), annotations: {} },
      layers: [{ ...descriptor(LAYER), annotations: {} }],
      annotations: {},
    });
  });

  it("is read in Docker's form", () => {
    const docker = manifest({ mediaType: DOCKER_MANIFEST, config: descriptor(DOCKER_CONFIG) });
    expect(read(docker, DOCKER_MANIFEST)).toMatchObject({ kind: "manifest", mediaType: DOCKER_MANIFEST });
  });

  it("keeps what an artifact says of itself: type, subject, annotations", () => {
    const subject = descriptor(OCI_MANIFEST);
    const read1 = read(manifest({ artifactType: "application/spdx+json", subject, annotations: { a: "b" } }));
    expect(read1).toMatchObject({
      artifactType: "application/spdx+json",
      subject: { ...subject, annotations: {} },
      annotations: { a: "b" },
    });
  });

  it("may have no layers, and members that nobody knows", () => {
    expect(read(manifest({ layers: [], "com.example.more": { Config: 1 } }))).toMatchObject({ layers: [] });
  });
});

describe("an index", () => {
  it.each([OCI_INDEX, DOCKER_LIST])("is read as %s, its children in their order", (mediaType) => {
    const children = [
      descriptor(DOCKER_MANIFEST, { platform: { os: "linux", architecture: "arm", variant: "v7" } }),
      descriptor(OCI_MANIFEST, { annotations: { x: "y" }, artifactType: "a/b" }),
      descriptor(OCI_INDEX),
    ];
    expect(read(index({ mediaType, manifests: children }), mediaType)).toEqual({
      kind: "index",
      mediaType,
      annotations: {},
      manifests: children.map((child) => ({ annotations: {}, ...child })),
    });
  });

  it("gives a child's platform with all that it says, and leaves out what says nothing", () => {
    const platform = {
      os: "windows",
      architecture: "amd64",
      variant: "",
      "os.version": "10.0.1",
      "os.features": ["win32k"],
    };
    expect(read(index({ manifests: [descriptor(OCI_MANIFEST, { platform })] }))).toMatchObject({
      manifests: [
        { platform: { os: "windows", architecture: "amd64", osVersion: "10.0.1", osFeatures: ["win32k"] } },
      ],
    });
  });

  it("carries a child's data, decoded", () => {
    const data = Buffer.from("{}").toString("base64");
    const parsed = read(index({ manifests: [descriptor(OCI_MANIFEST, { data })] }));
    expect(parsed.kind === "index" && parsed.manifests[0]?.data).toEqual(Buffer.from("{}"));
  });
});

describe("members that are null, as Go writes what is empty", () => {
  it.each([
    ["annotations", manifest({ annotations: null })],
    ["a layer's annotations", manifest({ layers: [descriptor(LAYER, { annotations: null, data: null })] })],
    ["a subject", manifest({ subject: null })],
    ["a child's platform", index({ manifests: [descriptor(OCI_MANIFEST, { platform: null })] })],
    [
      "os.features",
      index({
        manifests: [
          descriptor(OCI_MANIFEST, { platform: { os: "a", architecture: "b", "os.features": null } }),
        ],
      }),
    ],
  ])("count as absent: %s", (_, document) => {
    expect(() => read(document)).not.toThrow();
  });
});

describe("the media type", () => {
  it.each([
    ["the document's own, where it was served with the same", manifest(), OCI_MANIFEST, OCI_MANIFEST],
    ["the document's own, where nothing is known of how it was served", manifest(), undefined, OCI_MANIFEST],
    [
      "the one it was served with, where it names none",
      manifest({ mediaType: undefined }),
      DOCKER_MANIFEST,
      DOCKER_MANIFEST,
    ],
    ["OCI's, where nobody names one", manifest({ mediaType: undefined }), undefined, OCI_MANIFEST],
    [
      "Docker's, where nobody names one but the config is Docker's",
      manifest({ mediaType: undefined, config: descriptor(DOCKER_CONFIG) }),
      undefined,
      DOCKER_MANIFEST,
    ],
    [
      "OCI's, where it was served as plain JSON",
      index({ mediaType: undefined }),
      "application/json",
      OCI_INDEX,
    ],
  ])("is %s", (_, document, servedAs, mediaType) => {
    expect(read(document, servedAs)).toHaveProperty("mediaType", mediaType);
  });

  it.each<[string, unknown, string | undefined]>([
    ["is served as another than it names", manifest(), DOCKER_MANIFEST],
    ["names a manifest and was served as an index", manifest(), OCI_INDEX],
    ["names plain JSON's type differently than its own", manifest(), "application/json"],
    ["lists manifests but calls itself a manifest", index({ mediaType: OCI_MANIFEST }), undefined],
    ["lists manifests but was served as a manifest", index({ mediaType: undefined }), DOCKER_MANIFEST],
    ["has a config but calls itself an index", manifest({ mediaType: DOCKER_LIST }), undefined],
    ["has a config but was served as an index", manifest({ mediaType: undefined }), OCI_INDEX],
    ["has a media type that is no text", manifest({ mediaType: 2 }), undefined],
    ["has a media type that cannot even be printed", manifest({ mediaType: { toString: 1 } }), undefined],
  ])("is refused where the document %s", (_, document, servedAs) => {
    refusing(document, servedAs).toThrow(malformed);
  });
});

describe("a document that can be read as two images (CVE-2021-41190)", () => {
  it.each([
    ["both layers and manifests", index({ layers: [descriptor(LAYER)] })],
    ["both config and manifests", index({ config: descriptor(OCI_CONFIG) })],
    ["all three", index({ config: descriptor(OCI_CONFIG), layers: [] })],
    ["manifests of nothing beside a config", manifest({ manifests: null })],
    ["Manifests beside a config", manifest({ Manifests: [] })],
    ["LAYERS beside manifests", index({ LAYERS: [] })],
    ["a Config beside its config", manifest({ Config: descriptor(OCI_CONFIG) })],
    ["SchemaVersion", manifest({ SchemaVersion: 1 })],
    ["mediatype", manifest({ mediatype: OCI_INDEX })],
    ["a digest in another case", index({ manifests: [descriptor(OCI_MANIFEST, { Digest: DIGEST })] })],
    ["a size with the long s", manifest({ layers: [descriptor(LAYER, { ſize: 9 })] })],
    ["layers with the long s", manifest({ layerſ: [] })],
    ["a config's digest in another case", manifest({ config: descriptor(OCI_CONFIG, { DIGEST }) })],
    [
      "a subject's digest in another case",
      manifest({ subject: descriptor(OCI_MANIFEST, { dIGEST: DIGEST }) }),
    ],
    [
      "a platform's os in another case",
      index({
        manifests: [
          descriptor(OCI_MANIFEST, { platform: { os: "linux", OS: "windows", architecture: "a" } }),
        ],
      }),
    ],
    ["a key given twice", '{"schemaVersion":2,"manifests":[],"manifests":[]}'],
    ["a key given twice by an escape", '{"schemaVersion":2,"manifests":[],"m\\u0061nifests":[]}'],
  ])("is refused: %s", (_, document) => {
    refusing(document).toThrow(malformed);
  });
});

describe("Docker schema 1", () => {
  it.each<[string, unknown, string | undefined]>([
    ["by its version", { schemaVersion: 1, name: "a", fsLayers: [] }, undefined],
    ["by how it was served", { name: "a" }, DOCKER_SCHEMA_1],
    ["signed", { schemaVersion: 1, signatures: [] }, DOCKER_SCHEMA_1_SIGNED],
    ["by its own media type", { schemaVersion: 2, mediaType: DOCKER_SCHEMA_1 }, undefined],
  ])("is refused by name, with what to do: %s", (_, document, servedAs) => {
    refusing(document, servedAs).toThrow(unsupported);
    refusing(document, servedAs).toThrow(/Docker schema 1 .*push the image again/);
  });
});

describe("a document that is neither", () => {
  it.each<[string, unknown]>([
    ["an object of nothing", {}],
    [
      "an OCI artifact manifest of old",
      { mediaType: "application/vnd.oci.artifact.manifest.v1+json", blobs: [] },
    ],
  ])("is not supported: %s", (_, document) => {
    refusing(document).toThrow(unsupported);
  });

  it("is not supported where a child's digest has another algorithm", () => {
    const child = descriptor(OCI_MANIFEST, { digest: `sha384:${"a".repeat(96)}` });
    refusing(index({ manifests: [child] })).toThrow(unsupported);
  });
});
