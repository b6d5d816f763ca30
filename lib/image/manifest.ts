import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";
import { type JsonObject, parseJson, refuseCaseVariants, reservedKeys } from "./json.ts";
import {
  DOCKER_MANIFEST,
  INDEX_TYPES,
  MANIFEST_TYPES,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA_1_TYPES,
} from "./media-types.ts";
import { PLATFORM_TEXT, type Platform } from "./platform.ts";

/** A pointer to content: OCI image specification, descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations: { readonly [key: string]: string };
  /** The content itself, where the descriptor carries it. Not yet compared with `digest` and `size`. */
  readonly data?: Uint8Array;
}

interface Document {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations: { readonly [key: string]: string };
}

/** An OCI image index or a Docker manifest list. */
export interface Index extends Document {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

/** An OCI image manifest or a Docker schema 2 manifest; whether it is an image is another question. */
export interface Manifest extends Document {
  readonly kind: "manifest";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

const RESERVED = reservedKeys(
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "subject",
  "annotations",
);
const RESERVED_IN_DESCRIPTOR = reservedKeys(
  "mediaType",
  "digest",
  "size",
  "urls",
  "annotations",
  "data",
  "artifactType",
  "platform",
);
const RESERVED_IN_PLATFORM = reservedKeys("architecture", "os", "os.version", "os.features", "variant");

const PlatformText = z.string().check(z.regex(PLATFORM_TEXT));
const PlatformSchema = z.object({
  os: PlatformText,
  architecture: PlatformText,
  variant: z.optional(PlatformText),
  "os.version": z.optional(z.string()),
  "os.features": z.optional(z.nullable(z.array(z.string()))),
});

const DescriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().check(z.minimum(0)),
  artifactType: z.optional(z.string()),
  annotations: z.optional(z.nullable(z.record(z.string(), z.string()))),
  data: z.optional(z.nullable(z.base64())),
  platform: z.optional(z.nullable(PlatformSchema)),
});

const DocumentSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.optional(z.string()),
  artifactType: z.optional(z.string()),
  subject: z.optional(z.nullable(DescriptorSchema)),
  annotations: z.optional(z.nullable(z.record(z.string(), z.string()))),
});

const IndexSchema = z.extend(DocumentSchema, { manifests: z.array(DescriptorSchema) });
const ManifestSchema = z.extend(DocumentSchema, {
  config: DescriptorSchema,
  layers: z.array(DescriptorSchema),
});

/**
 * Reads a manifest or an index from its bytes.
 *
 * `servedAs` is the media type it was served with, without parameters; where the document names its own, both must be
 * the same. Throws `malformed` for a document that is none or could be read as two (CVE-2021-41190), and `unsupported`
 * for Docker schema 1 and unknown kinds.
 */
export function parseManifest(bytes: Uint8Array, servedAs?: string): Index | Manifest {
  const document = parseJson(bytes);
  if (!isObject(document)) throw malformed("it is no JSON object");
  refuseSchema1(document, servedAs);
  refuseCaseVariants(document, RESERVED);
  if ("manifests" in document && ("layers" in document || "config" in document)) {
    throw malformed(
      "it has both `manifests` and `layers` or `config`, so it can be read as two different images",
    );
  }
  const mediaType = agreedType(document, servedAs);
  return "manifests" in document ? toIndex(document, mediaType) : toManifest(document, mediaType);
}

function toIndex(document: JsonObject, mediaType: string | undefined): Index {
  const { manifests, ...rest } = parseWith(IndexSchema, document);
  if (mediaType !== undefined && MANIFEST_TYPES.includes(mediaType)) {
    throw malformed(`it lists \`manifests\` but calls itself ${mediaType}`);
  }
  descriptorsIn(document["manifests"]);
  return {
    kind: "index",
    ...toDocument(rest, document, mediaType ?? OCI_INDEX),
    manifests: manifests.map(toDescriptor),
  };
}

function toManifest(document: JsonObject, mediaType: string | undefined): Manifest {
  if (!("config" in document) && !("layers" in document)) {
    throw new VoucherError(
      "unsupported",
      `a document${mediaType === undefined ? "" : ` of type ${shorten(mediaType)}`} that is neither an index nor an image manifest`,
    );
  }
  const { config, layers, ...rest } = parseWith(ManifestSchema, document);
  if (mediaType !== undefined && INDEX_TYPES.includes(mediaType)) {
    throw malformed(`it has a \`config\` but calls itself ${mediaType}`);
  }
  descriptorsIn([document["config"]]);
  descriptorsIn(document["layers"]);
  const guessed = config.mediaType.startsWith("application/vnd.docker.") ? DOCKER_MANIFEST : OCI_MANIFEST;
  return {
    kind: "manifest",
    ...toDocument(rest, document, mediaType ?? guessed),
    config: toDescriptor(config),
    layers: layers.map(toDescriptor),
  };
}

/** Wider than RFC 6838, yet text that can be shown: it ends up in answers and logs. */
const MEDIA_TYPE = /^[\x21-\x7e]{0,255}$/;

/** The type that the document and the registry agree on. A generic Content-Type agrees with every document. */
function agreedType(document: JsonObject, servedAs: string | undefined): string | undefined {
  const own = document["mediaType"];
  if (own === undefined) return isManifestType(servedAs) ? servedAs : undefined;
  if (typeof own !== "string" || !MEDIA_TYPE.test(own)) throw malformed("its mediaType is no media type");
  if (servedAs !== undefined && own !== servedAs) {
    throw malformed(`it calls itself ${shorten(own)}, but was served as ${shorten(servedAs)}`);
  }
  return own;
}

function isManifestType(mediaType: string | undefined): boolean {
  return mediaType !== undefined && (INDEX_TYPES.includes(mediaType) || MANIFEST_TYPES.includes(mediaType));
}

function refuseSchema1(document: JsonObject, servedAs: string | undefined): void {
  const types: readonly unknown[] = [servedAs, document["mediaType"]];
  if (document["schemaVersion"] === 1 || SCHEMA_1_TYPES.some((type) => types.includes(type))) {
    throw new VoucherError(
      "unsupported",
      "it is a Docker schema 1 manifest, which names no config to check; push the image again with a current client",
    );
  }
}

function toDocument(parsed: z.infer<typeof DocumentSchema>, raw: JsonObject, mediaType: string): Document {
  if (parsed.subject) descriptorsIn([raw["subject"]]);
  return {
    mediaType,
    ...(parsed.artifactType === undefined ? {} : { artifactType: parsed.artifactType }),
    ...(parsed.subject ? { subject: toDescriptor(parsed.subject) } : {}),
    annotations: parsed.annotations ?? {},
  };
}

function toDescriptor(parsed: z.infer<typeof DescriptorSchema>): Descriptor {
  return {
    mediaType: parsed.mediaType,
    digest: parseDigest(parsed.digest),
    size: parsed.size,
    ...(parsed.platform ? { platform: toPlatform(parsed.platform) } : {}),
    ...(parsed.artifactType === undefined ? {} : { artifactType: parsed.artifactType }),
    annotations: parsed.annotations ?? {},
    ...(parsed.data ? { data: Buffer.from(parsed.data, "base64") } : {}),
  };
}

function toPlatform(parsed: z.infer<typeof PlatformSchema>): Platform {
  return {
    os: parsed.os,
    architecture: parsed.architecture,
    ...(parsed.variant ? { variant: parsed.variant } : {}),
    ...(parsed["os.version"] ? { osVersion: parsed["os.version"] } : {}),
    ...(parsed["os.features"]?.length ? { osFeatures: parsed["os.features"] } : {}),
  };
}

/** Holds raw descriptors, already known to have the right shape, to the rule of the one spelling. */
function descriptorsIn(raw: unknown): void {
  for (const descriptor of Array.isArray(raw) ? raw : []) {
    if (!isObject(descriptor)) continue;
    refuseCaseVariants(descriptor, RESERVED_IN_DESCRIPTOR);
    if (isObject(descriptor["platform"])) refuseCaseVariants(descriptor["platform"], RESERVED_IN_PLATFORM);
  }
}

function parseWith<Schema extends z.ZodMiniType>(schema: Schema, document: JsonObject): z.output<Schema> {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw malformed(`${shorten(issue?.path.join(".") ?? "it")}: ${issue?.message ?? "unreadable"}`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shorten(text: string): string {
  return text.slice(0, 100).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

function malformed(why: string): VoucherError {
  return new VoucherError("malformed", `the manifest is unusable: ${why}`);
}
