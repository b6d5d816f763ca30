import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { parseManifest } from "../../lib/image/manifest.ts";
import { DOCKER_SCHEMA_1, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media-types.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const config = { mediaType: OCI_CONFIG, digest: DIGEST, size: 7 };
const read = (document: unknown) => parseManifest(Buffer.from(JSON.stringify(document)));
const refused = (document: unknown) => expect(() => read(document));
const malformed = expect.objectContaining({ name: "VoucherError", code: "malformed" });

const junk = fc.anything({
  values: [fc.string(), fc.boolean(), fc.constant(null), fc.maxSafeInteger()],
  maxDepth: 2,
});
/** A value that fits; now and then anything at all. */
const or = <T>(fitting: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fitting, weight: 40 }, { arbitrary: junk, weight: 1 });
const rarely = <T>(one: T, ...others: T[]) =>
  or(fc.oneof({ arbitrary: fc.constant(one), weight: 30 }, ...others.map((other) => fc.constant(other))));

const annotations = or(fc.dictionary(fc.string(), or(fc.string()), { maxKeys: 3 }));
const platform = or(
  fc.record(
    { os: or(fc.string()), architecture: or(fc.string()), "os.features": or(fc.array(fc.string())) },
    { requiredKeys: ["os", "architecture"] },
  ),
);
const descriptor = or(
  fc.record(
    {
      mediaType: rarely(OCI_CONFIG, OCI_INDEX, "", "x/y"),
      digest: rarely(DIGEST, "sha256:x", "sha384:ab", "../x"),
      size: or(fc.nat()),
      data: or(fc.base64String()),
      urls: or(fc.array(fc.webUrl())),
      annotations,
      platform,
    },
    { requiredKeys: ["mediaType", "digest", "size"] },
  ),
);
const descriptors = or(fc.array(descriptor, { maxLength: 3 }));
const common = {
  schemaVersion: rarely(2, 1),
  mediaType: rarely(undefined, OCI_INDEX, OCI_MANIFEST, DOCKER_SCHEMA_1, "x/y"),
  subject: descriptor,
  artifactType: or(fc.string()),
  annotations,
};
const manifests = fc.oneof(
  fc.record(
    { ...common, config: descriptor, layers: descriptors },
    { requiredKeys: ["schemaVersion", "config", "layers"] },
  ),
  fc.record({ ...common, manifests: descriptors }, { requiredKeys: ["schemaVersion", "manifests"] }),
  fc.record(
    { ...common, config: descriptor, layers: descriptors, manifests: descriptors },
    { requiredKeys: [] },
  ),
);
const configs = fc.record(
  {
    os: or(fc.string({ minLength: 1 })),
    architecture: or(fc.string({ minLength: 1 })),
    config: or(fc.record({ User: or(fc.string()), user: junk }, { requiredKeys: [] })),
    container_config: junk,
  },
  { requiredKeys: ["os", "architecture"] },
);

describe("any JSON document at all", () => {
  it.each<[string, fc.Arbitrary<unknown>, (bytes: Uint8Array) => unknown]>([
    ["as a manifest", fc.jsonValue(), (bytes) => parseManifest(bytes)],
    ["as a manifest, when it looks like one", manifests, (bytes) => parseManifest(bytes)],
    ["as an index, when it is served as one", manifests, (bytes) => parseManifest(bytes, OCI_INDEX)],
    ["as an image config", fc.jsonValue(), parseImageConfig],
    ["as an image config, when it looks like one", configs, parseImageConfig],
  ])("is read or refused by our own error: %s", (_, documents, parse) => {
    fc.assert(
      fc.property(documents, (document) => {
        try {
          parse(Buffer.from(JSON.stringify(document)));
        } catch (fault) {
          expect(fault).toMatchObject({
            name: "VoucherError",
            code: expect.stringMatching(/^(malformed|unsupported)$/),
            retryable: false,
          });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("has nothing in it that a reader of the manifest could not rely on", () => {
    let readable = 0;
    fc.assert(
      fc.property(manifests, (document) => {
        const parsed = readOrNothing(document);
        if (parsed === undefined) return;
        readable += 1;
        const all = parsed.kind === "index" ? parsed.manifests : [parsed.config, ...parsed.layers];
        for (const { digest, size, mediaType } of all) {
          expect(digest).toMatch(/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
          expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
          expect(typeof mediaType).toBe("string");
        }
      }),
      { numRuns: 1_000 },
    );
    expect(readable).toBeGreaterThan(100);
  });

  function readOrNothing(document: unknown) {
    try {
      return read(document);
    } catch {
      return undefined;
    }
  }
});

describe("a member of the wrong shape", () => {
  const manifest = { schemaVersion: 2, config, layers: [] };
  it.each<[string, unknown]>([
    ["the document is an array", [manifest]],
    ["the document is null", null],
    ["the document is a text", "x"],
    ["no version", { ...manifest, schemaVersion: undefined }],
    ["another version", { ...manifest, schemaVersion: 3 }],
    ["the version is a text", { ...manifest, schemaVersion: "2" }],
    ["no layers", { ...manifest, layers: undefined }],
    ["layers are null", { ...manifest, layers: null }],
    ["layers are an object", { ...manifest, layers: {} }],
    ["no config", { schemaVersion: 2, layers: [] }],
    ["config is null", { ...manifest, config: null }],
    ["a descriptor without a digest", { ...manifest, config: { ...config, digest: undefined } }],
    ["a digest that climbs", { ...manifest, config: { ...config, digest: "sha256:../../x" } }],
    ["a digest in upper case", { ...manifest, config: { ...config, digest: DIGEST.toUpperCase() } }],
    ["a negative size", { ...manifest, config: { ...config, size: -1 } }],
    ["half a byte", { ...manifest, config: { ...config, size: 0.5 } }],
    ["a size as text", { ...manifest, config: { ...config, size: "7" } }],
    ["data that is not base64", { ...manifest, config: { ...config, data: "%%%" } }],
    ["data in base64 of another alphabet", { ...manifest, config: { ...config, data: "_-8=" } }],
    ["data without its padding", { ...manifest, config: { ...config, data: "QQ" } }],
    ["an annotation that is a number", { ...manifest, annotations: { a: 1 } }],
    [
      "a platform without an os",
      { schemaVersion: 2, manifests: [{ ...config, platform: { architecture: "a" } }] },
    ],
    ["manifests are null", { schemaVersion: 2, manifests: null }],
  ])("makes the document malformed: %s", (_, document) => {
    refused(document).toThrow(malformed);
  });

  it("is named in the error, in part only, however long its name is", () => {
    refused({ ...manifest, layers: [config, { ...config, size: -1 }] }).toThrow(/layers\.1\.size/);
    refused({ ...manifest, annotations: { ["k".repeat(1_000_000)]: 1 } }).toThrow(/^.{0,400}$/);
    refused({ ...manifest, mediaType: "m".repeat(1_000_000), config: undefined, layers: undefined }).toThrow(
      /^.{0,400}$/,
    );
  });
});

describe("a large document", () => {
  it.each<[string, object]>([
    ["a child's data of 20 MiB", { data: "QUFB".repeat(5 * 1024 * 1024) }],
    ["an annotation of 20 MiB", { annotations: { a: "x".repeat(20 * 1024 * 1024) } }],
  ])("is read in bounded time: %s", (_, more) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...config, ...more }] }));
    const started = performance.now();
    expect(parseManifest(bytes).kind).toBe("index");
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it("may list a hundred thousand children", () => {
    const parsed = read({ schemaVersion: 2, manifests: Array.from({ length: 100_000 }, () => config) });
    expect(parsed.kind === "index" && parsed.manifests).toHaveLength(100_000);
  });
});
