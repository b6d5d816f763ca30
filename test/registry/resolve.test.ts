import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import {
  BUILDKIT_ATTESTATION,
  BUILDKIT_CACHE_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DSSE_ENVELOPE,
  IN_TOTO,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/image/media-types.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import {
  answerError,
  type Listing,
  type ScriptedRegistry,
  scriptedRegistry,
} from "../support/scripted-registry.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64", variant: "v8" };
const ARM_V7 = { os: "linux", architecture: "arm", variant: "v7" };
const UNKNOWN = { os: "unknown", architecture: "unknown" };
const { signal } = new AbortController();

let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry({ backOff: 1 });
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

function resolve(listing: Listing): Promise<ResolvedImage> {
  return registry.resolve(server.name(`@${listing.digest}`), signal);
}

/** What an index held, in words. */
function told(resolved: ResolvedImage) {
  if (resolved.kind !== "index") return resolved.kind;
  return {
    images: resolved.images.map(({ platform }) => formatPlatform(platform)),
    skipped: resolved.skipped.map(({ reason }) => reason),
    unresolved: resolved.unresolved.map(({ error }) => error.code),
  };
}

/** An attestation as BuildKit stores it beside an image: with an image config, or as an artifact. */
function attestation(of: Listing, form: "image" | "artifact" = "image", more: object = {}): Listing {
  const layers = [{ mediaType: IN_TOTO, digest: digestOf(Buffer.from("statement")), size: 9 }];
  const { platform: _, ...subject } = of;
  const document =
    form === "image"
      ? { schemaVersion: 2, mediaType: OCI_MANIFEST, config: server.blob({ ...UNKNOWN, config: {} }), layers }
      : {
          schemaVersion: 2,
          mediaType: OCI_MANIFEST,
          artifactType: BUILDKIT_ATTESTATION,
          config: server.blob({}, { mediaType: OCI_EMPTY }),
          layers,
          subject,
        };
  return {
    ...server.manifest({ ...document, annotations: { of: of.digest } }),
    platform: UNKNOWN,
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": of.digest,
    },
    ...more,
  };
}

describe("a single image", () => {
  it("takes its platform from its config", async () => {
    const image = server.image(ARM64, { user: "app" });

    const resolved = await resolve(image);

    expect(resolved).toMatchObject({
      kind: "image",
      mediaType: OCI_MANIFEST,
      image: {
        reference: { digest: image.digest },
        platform: ARM64,
        size: image.size,
        config: { user: "app" },
        via: [],
      },
    });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    ["a Docker manifest", { mediaType: DOCKER_MANIFEST }],
    ["one that names no mediaType, nor does the registry", { mediaType: null }],
    ["one served with a charset", { servedAs: `${OCI_MANIFEST}; charset=utf-8` }],
    ["one served in capitals", { servedAs: OCI_MANIFEST.toUpperCase() }],
    ["one named by a sha512 digest", { algorithm: "sha512" as const }],
  ])("may be %s", async (_, options) => {
    await expect(resolve(server.image(AMD64, options))).resolves.toMatchObject({ kind: "image" });
  });

  it("may have a config that is named by a sha512 digest", async () => {
    const config = server.blob({ ...AMD64, config: {} }, { algorithm: "sha512" });
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image)).resolves.toMatchObject({ kind: "image" });
  });

  it("without a tag and digest is the one tagged latest", async () => {
    const { digest } = server.image(AMD64, { tag: "latest" });

    await expect(registry.resolve(server.name(""), signal)).resolves.toMatchObject({ reference: { digest } });
  });

  it("named by tag and digest is found by its digest, and loses the tag", async () => {
    const { digest } = server.image(AMD64);

    const { reference } = await registry.resolve(server.name(`:gone@${digest}`), signal);

    expect(reference).toEqual({ registry: server.host, repository: "team/app", digest });
  });

  it("whose config answers 404 is an error, not a crash", async () => {
    const config = { mediaType: OCI_CONFIG, digest: digestOf(Buffer.from("gone")), size: 4 };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image)).rejects.toMatchObject({ code: "not-found" });
  });

  it("may carry its config in its own descriptor, which is then not asked for", async () => {
    const bytes = Buffer.from(JSON.stringify({ ...AMD64, config: { User: "app" } }));
    const config = {
      mediaType: OCI_CONFIG,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      data: bytes.toString("base64"),
    };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image)).resolves.toMatchObject({ image: { config: { user: "app" } } });
    expect(server.seen).toHaveLength(1);
  });

  it("is refused if the data in its config's descriptor is not what the digest names", async () => {
    const bytes = Buffer.from(JSON.stringify({ ...AMD64, config: { User: "root" } }));
    const data = Buffer.from(JSON.stringify({ ...AMD64, config: { User: "user" } })).toString("base64");
    const config = { mediaType: OCI_CONFIG, digest: digestOf(bytes), size: bytes.byteLength, data };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("never has its foreign layers or its config's urls fetched", async () => {
    const config = { ...server.blob({ ...AMD64, config: {} }), urls: [`http://${server.host}/elsewhere`] };
    const layer = {
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: digestOf(Buffer.from("l")),
      size: 1,
    };
    const layers = [{ ...layer, urls: [`http://${server.host}/elsewhere`] }];
    await resolve(server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }));

    expect(server.seen.map(({ path }) => path)).not.toContain("/elsewhere");
  });
});

describe("an index", () => {
  it.each([
    ["an OCI index", {}, {}],
    ["a Docker manifest list", { mediaType: DOCKER_LIST }, { mediaType: DOCKER_MANIFEST }],
    ["a Docker manifest list of OCI manifests", { mediaType: DOCKER_LIST }, {}],
    ["an OCI index of Docker manifests", {}, { mediaType: DOCKER_MANIFEST }],
    ["one that names no mediaType", { mediaType: null }, { mediaType: null }],
    [
      "one served with a charset",
      { servedAs: `${OCI_INDEX}; charset=utf-8` },
      { servedAs: `${OCI_MANIFEST};charset=UTF-8` },
    ],
    ["one of sha512 digests", { algorithm: "sha512" as const }, { algorithm: "sha512" as const }],
  ])("is resolved into every platform, in its own order: %s", async (_, index, child) => {
    const resolved = await resolve(
      server.index([server.image(ARM64, child), server.image(AMD64, child)], index),
    );

    expect(told(resolved)).toEqual({
      images: ["linux/arm64/v8", "linux/amd64"],
      skipped: [],
      unresolved: [],
    });
  });

  it("lists each digest once, with the platform of its first entry and the other as another", async () => {
    const image = server.image(AMD64);
    const resolved = await resolve(
      server.index([image, { ...image, platform: ARM64 }, server.image(ARM_V7)]),
    );

    expect(told(resolved)).toMatchObject({ images: ["linux/amd64", "linux/arm/v7"] });
    expect(resolved).toMatchObject({ images: [{ otherPlatforms: [ARM64] }, { otherPlatforms: [] }] });
    expect(server.seen).toHaveLength(5);
  });

  it("gives a child without a platform the one of its config", async () => {
    const resolved = await resolve(server.index([server.image(ARM64, { declare: null })]));
    expect(told(resolved)).toMatchObject({ images: ["linux/arm64/v8"] });
  });

  it("keeps the platform that a child is listed for, and notes the one that its config states", async () => {
    const resolved = await resolve(server.index([server.image(ARM64, { declare: AMD64 })]));
    expect(resolved).toMatchObject({ images: [{ platform: AMD64, otherPlatforms: [ARM64] }] });
  });

  it("does not take two spellings of one platform for two", async () => {
    const resolved = await resolve(
      server.index([server.image(ARM64, { declare: { os: "linux", architecture: "aarch64" } })]),
    );
    expect(resolved).toMatchObject({ images: [{ otherPlatforms: [] }] });
  });

  it("tells Windows images apart by os.version", async () => {
    const windows = (version: string) => ({ os: "windows", architecture: "amd64", "os.version": version });
    const resolved = await resolve(
      server.index([server.image(windows("10.0.17763.1")), server.image(windows("10.0.20348.2"))]),
    );

    expect(resolved).toMatchObject({
      images: [{ platform: { osVersion: "10.0.17763.1" } }, { platform: { osVersion: "10.0.20348.2" } }],
    });
  });

  it("may carry a child in its descriptor, which is then not asked for", async () => {
    const image = server.image(AMD64);
    const config = server.blob({
      ...AMD64,
      config: { User: "65532" },
      rootfs: { type: "layers", diff_ids: [] },
    });
    const data = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] }),
    );

    const resolved = await resolve(server.index([{ ...image, data: data.toString("base64") }]));

    expect(told(resolved)).toMatchObject({ images: ["linux/amd64"] });
    expect(server.seen).toHaveLength(2);
  });

  it("with nested indexes has their images in place, and says which indexes led to each", async () => {
    const inner = server.index([server.image(ARM64), server.image(ARM_V7)]);
    const outer = server.index([
      server.image(AMD64),
      inner,
      server.image({ os: "linux", architecture: "s390x" }),
    ]);

    const resolved = await resolve(outer);

    expect(told(resolved)).toMatchObject({
      images: ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/s390x"],
    });
    expect(resolved).toMatchObject({
      images: [{ via: [outer.digest] }, { via: [outer.digest, inner.digest] }, {}, { via: [outer.digest] }],
    });
  });

  it("may list a nested index many times over: it is walked through once", async () => {
    const inner = server.index([server.image(ARM64)]);
    const middle = server.index(Array.from({ length: 100 }, () => inner));
    const resolved = await resolve(server.index(Array.from({ length: 100 }, () => middle)));

    expect(told(resolved)).toMatchObject({ images: ["linux/arm64/v8"] });
    expect(server.seen).toHaveLength(5);
  });

  it("takes a nested index for one whatever its descriptor claims it to be", async () => {
    const inner = server.index([server.image(ARM64)]);
    const resolved = await resolve(server.index([{ ...inner, mediaType: OCI_MANIFEST, platform: AMD64 }]));

    expect(told(resolved)).toMatchObject({ images: ["linux/arm64/v8"] });
  });

  it("takes an image for one whatever media type its descriptor claims", async () => {
    const resolved = await resolve(
      server.index([{ ...server.image(AMD64), mediaType: "application/vnd.example.thing" }]),
    );
    expect(told(resolved)).toMatchObject({ images: ["linux/amd64"] });
  });

  it("of 128 children is resolved", async () => {
    const children = Array.from({ length: 128 }, (_, at) =>
      server.image({ os: "linux", architecture: `cpu${at}` }),
    );
    const resolved = await resolve(server.index(children));

    expect(resolved).toMatchObject({ kind: "index", images: { length: 128 } });
    expect(server.seen).toHaveLength(257);
  });

  it("of no children is an artifact, not a pass over nothing", async () => {
    await expect(resolve(server.index([]))).resolves.toMatchObject({
      kind: "artifact",
      artifactType: OCI_INDEX,
    });
  });
});

describe("an attestation that BuildKit stored beside an image", () => {
  it.each(["image", "artifact"] as const)(
    "is passed over, in the form of an %s, and its config is not asked for",
    async (form) => {
      const image = server.image(AMD64);
      const resolved = await resolve(server.index([image, attestation(image, form)]));

      expect(told(resolved)).toEqual({
        images: ["linux/amd64"],
        skipped: ["attestation-manifest"],
        unresolved: [],
      });
      expect(server.seen).toHaveLength(4);
    },
  );

  it("does not exempt an image that only carries its annotations: some clients run it", async () => {
    const image = server.image(AMD64);
    const hidden = { ...server.image(ARM64, { user: "root" }), ...annotationsFor(image), platform: UNKNOWN };

    const resolved = await resolve(server.index([image, hidden]));

    expect(told(resolved)).toMatchObject({ images: ["linux/amd64", "unknown/unknown"], skipped: [] });
    expect(resolved).toMatchObject({ images: [{}, { config: { user: "root" }, otherPlatforms: [ARM64] }] });
  });

  it("does not exempt an image that is dressed as an artifact of its type, with an image config beneath", async () => {
    const image = server.image(AMD64);
    const { platform: _, ...subject } = image;
    const disguised = server.manifest({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: BUILDKIT_ATTESTATION,
      config: server.blob({ ...ARM64, config: { User: "root" } }),
      layers: [],
      subject,
    });

    const child = { ...disguised, ...annotationsFor(image), platform: UNKNOWN };
    const resolved = await resolve(server.index([image, child]));

    expect(resolved).toMatchObject({ images: [{}, { config: { user: "root" } }], skipped: [] });
  });

  it.each([
    ["is listed for a platform that runs", { platform: AMD64 }],
    ["is not annotated as one", { annotations: {} }],
    [
      "is annotated with a digest outside the index",
      { annotations: annotations(digestOf(Buffer.from("x"))) },
    ],
  ])("counts as an image where it %s", async (_, more) => {
    const image = server.image(AMD64);
    const resolved = await resolve(server.index([image, attestation(image, "image", more)]));

    expect(resolved).toMatchObject({ images: { length: 2 }, skipped: [] });
  });

  it("counts as an image where it is also listed for a platform that runs", async () => {
    const image = server.image(AMD64);
    const one = attestation(image);
    const resolved = await resolve(server.index([image, one, { ...one, platform: ARM64, annotations: {} }]));

    expect(resolved).toMatchObject({ images: [{}, { otherPlatforms: [ARM64] }], skipped: [] });
  });

  it("makes no image of an index that has nothing else", async () => {
    const image = server.image(AMD64);
    const resolved = await resolve(server.index([attestation(image, "artifact")]));
    expect(resolved).toMatchObject({
      kind: "artifact",
      skipped: [{ reason: `artifact ${BUILDKIT_ATTESTATION}` }],
    });
  });

  function annotations(digest: string) {
    return { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest };
  }

  function annotationsFor({ digest }: Listing) {
    return { annotations: annotations(digest) };
  }
});

describe("a child of an index that is no image", () => {
  function chart(more: object = {}) {
    const config = server.blob({}, { mediaType: "application/vnd.cncf.helm.config.v1+json" });
    return { ...server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] }), ...more };
  }

  it("is passed over with its type where nothing would run it", async () => {
    const resolved = await resolve(server.index([server.image(AMD64), chart()]));
    expect(told(resolved)).toMatchObject({
      skipped: ["artifact application/vnd.cncf.helm.config.v1+json"],
      unresolved: [],
    });
  });

  it("is an error of the platform that it is listed for, where something would", async () => {
    const resolved = await resolve(server.index([server.image(AMD64), chart({ platform: ARM64 })]));

    expect(told(resolved)).toEqual({ images: ["linux/amd64"], skipped: [], unresolved: ["unsupported"] });
    expect(resolved).toMatchObject({ unresolved: [{ platform: ARM64, error: { retryable: false } }] });
  });

  it.each([
    "application/octet-stream",
    "application/json",
    "text/html",
    "",
    OCI_CONFIG.toUpperCase(),
    `${OCI_CONFIG}; charset=utf-8`,
    "application/vnd.oci.image.config.v2+json",
  ])(
    "is an error where Docker would start it on any host, since it takes a config of %j for an image's",
    async (type) => {
      const config = { ...server.blob({ ...AMD64, config: { User: "root" } }), mediaType: type };
      const hidden = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

      const resolved = await resolve(server.index([server.image(ARM64), hidden]));

      expect(told(resolved)).toEqual({
        images: ["linux/arm64/v8"],
        skipped: [],
        unresolved: ["unsupported"],
      });
    },
  );

  it("is an error where its manifest is Docker's, in which Podman looks at no config's type", async () => {
    const config = { ...server.blob({ ...AMD64, config: { User: "root" } }), mediaType: "application/x" };
    const document = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers: [] };
    const hidden = server.manifest(document, { mediaType: DOCKER_MANIFEST });

    const resolved = await resolve(server.index([server.image(ARM64), hidden]));

    expect(told(resolved)).toEqual({ images: ["linux/arm64/v8"], skipped: [], unresolved: ["unsupported"] });
  });

  it("of an unknown type is passed over", async () => {
    const thing = server.manifest("a thing of its own", { mediaType: "application/vnd.example.thing" });
    const resolved = await resolve(server.index([server.image(AMD64), thing]));

    expect(told(resolved)).toMatchObject({
      skipped: ["unknown type application/vnd.example.thing"],
      unresolved: [],
    });
  });

  it("of an unknown type is an error where it is listed for a platform that runs", async () => {
    const thing = server.manifest("a thing of its own", { mediaType: "application/vnd.example.thing" });
    const resolved = await resolve(server.index([server.image(AMD64), { ...thing, platform: ARM64 }]));

    expect(told(resolved)).toMatchObject({ skipped: [], unresolved: ["malformed"] });
  });

  it("of an unknown type is an error where it hides an ambiguous manifest", async () => {
    const hidden = server.manifest(
      { schemaVersion: 2, Config: {}, layers: [] },
      { mediaType: "application/vnd.example.thing" },
    );
    const resolved = await resolve(server.index([server.image(AMD64), hidden]));

    expect(told(resolved)).toMatchObject({ skipped: [], unresolved: ["malformed"] });
  });

  it("is an index that holds a registry cache of BuildKit: an error, as an image could hide beside the cache", async () => {
    const entry = { mediaType: BUILDKIT_CACHE_CONFIG, digest: digestOf(Buffer.from("c")), size: 1 };
    const cache = server.index([server.image(ARM64, { user: "root" }), entry]);

    const resolved = await resolve(server.index([server.image(AMD64), cache]));

    expect(told(resolved)).toEqual({ images: ["linux/amd64"], skipped: [], unresolved: ["unsupported"] });
    expect(server.seen).toHaveLength(4);
  });

  it("has control characters in its type: they do not reach the answer", async () => {
    const thing = server.manifest("thing", { mediaType: "application/vnd.example.thing" });
    const resolved = await resolve(
      server.index([server.image(AMD64), { ...thing, mediaType: "a\u001b[31m\nb" }]),
    );

    expect(told(resolved)).toMatchObject({ skipped: ["unknown type a [31m b"] });
  });
});

describe("a child of an index that cannot be read", () => {
  it.each([
    [404, "not-found", false],
    [401, "unauthorized", true],
    [403, "forbidden", true],
    [500, "unavailable", true],
    [429, "unavailable", true],
  ])("with status %d is an error of its platform: %s, retryable %s", async (status, code, retryable) => {
    const child = server.image(ARM64);
    const sparse = server.index([server.image(AMD64), child]);
    server.on(`/v2/team/app/manifests/${child.digest}`, (_, response) =>
      answerError(response, status, "X", "no"),
    );

    const resolved = await resolve(sparse);

    expect(told(resolved)).toMatchObject({ images: ["linux/amd64"], unresolved: [code] });
    expect(resolved).toMatchObject({
      unresolved: [{ digest: child.digest, platform: ARM64, error: { retryable } }],
      order: [expect.any(String), child.digest],
    });
  });

  it("because its config is gone is a permanent error of its platform", async () => {
    const config = { mediaType: OCI_CONFIG, digest: digestOf(Buffer.from("gone")), size: 4 };
    const child = {
      ...server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] }),
      platform: ARM64,
    };

    const resolved = await resolve(server.index([server.image(AMD64), child]));

    expect(told(resolved)).toMatchObject({ images: ["linux/amd64"], unresolved: ["not-found"] });
  });

  it("because its content is not what the digest names is an error of its platform", async () => {
    const child = server.image(ARM64);
    const index = server.index([server.image(AMD64), child]);
    server.on(`/v2/team/app/manifests/${child.digest}`, (_, response) => void response.end("{}"));

    expect(told(await resolve(index))).toMatchObject({
      images: ["linux/amd64"],
      unresolved: ["digest-mismatch"],
    });
  });

  it.each([-1, 1])(
    "because its size is not the one that is stated (off by %d) is an error of its platform",
    async (off) => {
      const child = server.image(ARM64);
      const resolved = await resolve(
        server.index([server.image(AMD64), { ...child, size: child.size + off }]),
      );

      expect(told(resolved)).toMatchObject({ images: ["linux/amd64"], unresolved: ["digest-mismatch"] });
    },
  );

  it("in one of the places where it is listed is unresolved, though it could be read in another", async () => {
    const child = server.image(ARM64);
    const resolved = await resolve(server.index([child, { ...child, size: child.size + 1 }]));

    expect(told(resolved)).toEqual({ images: [], skipped: [], unresolved: ["digest-mismatch"] });
  });

  it("leaves an index an index, though no image could be read", async () => {
    const child = server.image(ARM64);
    const index = server.index([child]);
    server.on(`/v2/team/app/manifests/${child.digest}`, (_, response) =>
      answerError(response, 404, "X", "no"),
    );

    await expect(resolve(index)).resolves.toMatchObject({ kind: "index", images: [], order: [child.digest] });
  });
});

describe("an artifact", () => {
  it.each([
    [
      "a Helm chart",
      "application/vnd.cncf.helm.config.v1+json",
      "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
      {},
    ],
    [
      "an SBOM with an artifactType",
      OCI_EMPTY,
      "application/spdx+json",
      { artifactType: "application/spdx+json" },
    ],
    ["a cosign signature", OCI_CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json", {}],
    ["a cosign attestation", OCI_CONFIG, DSSE_ENVELOPE, {}],
    ["an attestation of BuildKit", OCI_CONFIG, IN_TOTO, {}],
    ["a Sigstore bundle", OCI_EMPTY, "application/vnd.dev.sigstore.bundle.v0.3+json", {}],
  ])("is recognised by one request: %s", async (_, configType, layerType, more) => {
    const config = server.blob(AMD64, { mediaType: configType });
    const layers = [{ mediaType: layerType, digest: digestOf(Buffer.from("layer")), size: 5 }];
    const artifact = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, ...more });

    await expect(resolve(artifact)).resolves.toMatchObject({ kind: "artifact" });
    expect(server.seen).toHaveLength(1);
  });

  it("with a subject is one still", async () => {
    const image = server.image(AMD64);
    const { platform: _, ...subject } = image;
    const config = server.blob({}, { mediaType: OCI_EMPTY });
    const artifactType = "application/vnd.example.sbom";
    const artifact = server.manifest({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config,
      layers: [],
      subject,
    });

    await expect(resolve(artifact)).resolves.toMatchObject({ kind: "artifact", artifactType });
  });

  it("is a registry cache of BuildKit, whose layers are not asked for", async () => {
    const layer = {
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: digestOf(Buffer.from("l")),
      size: 1,
    };
    const config = { mediaType: BUILDKIT_CACHE_CONFIG, digest: digestOf(Buffer.from("c")), size: 1 };

    const resolved = await resolve(server.index([layer, config]));

    expect(resolved).toMatchObject({ kind: "artifact", artifactType: BUILDKIT_CACHE_CONFIG });
    expect(server.seen).toHaveLength(1);
  });

  it("is a list of referrers that is named by its digest, whose entries are not asked for", async () => {
    const bundles = [AMD64, ARM64].map((platform) => {
      const { platform: _, ...entry } = server.image(platform);
      return { ...entry, artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" };
    });

    await expect(resolve(server.index(bundles))).resolves.toMatchObject({
      kind: "artifact",
      artifactType: "an index of referrers",
    });
    expect(server.seen).toHaveLength(1);
  });

  it("is no list of referrers with an image in it: that is looked at", async () => {
    const { platform: _, ...entry } = server.image(AMD64);
    const bundle = { ...entry, artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json" };
    await expect(resolve(server.index([bundle, server.image(ARM64)]))).resolves.toMatchObject({
      kind: "index",
      images: { length: 2 },
    });
  });

  it.each(["sha256-%.sig", "sha256-%.att", "sha256-%.sbom", "sha256-%"])(
    "is whatever lies under a tag that accompanies another image (%s), at one request",
    async (pattern) => {
      const tag = pattern.replace("%", "0".repeat(64));
      server.index([server.image(AMD64)], { tag });

      await expect(registry.resolve(server.name(`:${tag}`), signal)).resolves.toMatchObject({
        kind: "artifact",
      });
      expect(server.seen).toHaveLength(1);
    },
  );
});

describe("a document that must not be used", () => {
  it.each([
    [
      "a manifest and an index at once",
      { schemaVersion: 2, mediaType: OCI_MANIFEST, manifests: [], layers: [] },
      "malformed",
    ],
    [
      "a key in another case",
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], Manifests: [] },
      "malformed",
    ],
    ["Docker schema 1", { schemaVersion: 1, fsLayers: [], history: [] }, "unsupported"],
    ["another kind of document", { schemaVersion: 2, mediaType: OCI_MANIFEST, blobs: [] }, "unsupported"],
    ["no JSON", "<html>sign in</html>", "malformed"],
    ["a key given twice", '{"schemaVersion":2,"manifests":[],"manifests":[]}', "malformed"],
    [
      "a size that no double can hold",
      '{"schemaVersion":2,"manifests":[],"size":9007199254740993}',
      "malformed",
    ],
    [
      "another mediaType than it is served with",
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] },
      "malformed",
    ],
  ])("is refused: %s", async (_, document, code) => {
    const wrong = server.manifest(document);

    await expect(resolve(wrong)).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringContaining(`${server.host}/team/app@${wrong.digest}`),
    });
  });

  it.each([
    ["a control character in it", "linux\u001b[2J"],
    ["a line break in it", "linux\nINFO all is well"],
    ["text that turns its direction", "\u202elinux"],
    ["half a character", "\ud800"],
    ["more than anybody reads", "x".repeat(256)],
  ])(
    "is an index, or a config, whose platform has %s: it would end up in logs and terminals",
    async (_, os) => {
      const listed = server.index([server.image(AMD64, { declare: { os, architecture: "amd64" } })]);
      const configured = server.image({ os, architecture: "amd64" });

      await expect(resolve(listed)).rejects.toMatchObject({ code: "malformed" });
      await expect(resolve(configured)).rejects.toMatchObject({ code: "malformed" });
    },
  );

  it("is one whose own mediaType is more than text, and the error does not pass that on", async () => {
    const config = server.blob({ ...AMD64, config: {} });
    const mediaType = "a\u001b[2J\nb";
    const image = server.manifest({ schemaVersion: 2, mediaType, config, layers: [] }, { mediaType: null });

    const error: unknown = await resolve(image).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "malformed" });
    expect(String(error)).not.toMatch(/\p{Cc}/u);
  });

  it("names an artifact's type without what could upset a terminal", async () => {
    const config = { ...server.blob({}), mediaType: "a\u001b[2J\nb" };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });
    await expect(resolve(image)).resolves.toMatchObject({ kind: "artifact", artifactType: "a [2J b" });
  });

  it("says of Docker schema 1 what it is and what to do", async () => {
    const old = server.manifest(
      { schemaVersion: 1 },
      { mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws" },
    );
    await expect(resolve(old)).rejects.toThrow(/schema 1.*push the image again/);
  });

  it("is an image whose descriptor names a digest of another algorithm", async () => {
    const config = { mediaType: OCI_CONFIG, digest: `md5:${"0".repeat(32)}`, size: 1 };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image)).rejects.toMatchObject({ code: "unsupported" });
  });
});
