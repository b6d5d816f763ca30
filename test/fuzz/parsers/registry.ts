import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { binauthzPayload, readPayload } from "../../../lib/attest/payload.ts";
import { isDigest } from "../../../lib/image/digest.ts";
import { parseImageConfig } from "../../../lib/image/image-config.ts";
import { parseJson } from "../../../lib/image/json.ts";
import { parseManifest } from "../../../lib/image/manifest.ts";
import { DOCKER_SCHEMA_1, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../../lib/image/media-types.ts";
import { parseCanonical, parseReference } from "../../../lib/image/reference.ts";
import { dockerConfigCredentials } from "../../../lib/registry/docker-config.ts";
import { refusal } from "../../../lib/registry/failure.ts";
import { readListingPage } from "../../../lib/registry/listing-page.ts";
import type { Parser } from "../parser.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const SHA512 = `sha512:${"cd".repeat(64)}`;
const CONFIG = { mediaType: OCI_CONFIG, digest: DIGEST, size: 7 };
const LAYER = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: SHA512,
  size: 70_000,
  urls: ["https://a/b"],
};
const MANIFEST = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  artifactType: "application/x",
  config: { ...CONFIG, data: "e30gICAg" },
  layers: [LAYER],
  subject: CONFIG,
  annotations: { "org.opencontainers.image.created": "2026-11-25T12:00:00Z" },
};
const INDEX = {
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [
    {
      mediaType: OCI_MANIFEST,
      digest: DIGEST,
      size: 7,
      platform: {
        os: "windows",
        architecture: "arm",
        variant: "v7",
        "os.version": "10.0",
        "os.features": ["win32k"],
      },
    },
    {
      mediaType: OCI_MANIFEST,
      digest: SHA512,
      size: 8,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": DIGEST,
      },
    },
  ],
};
const IMAGE_CONFIG = {
  os: "linux",
  architecture: "arm64",
  variant: "v8",
  "os.version": "1",
  "os.features": [],
  config: { User: "app:app", Env: ["A=b"] },
  rootfs: { type: "layers", diff_ids: [DIGEST] },
};
const TYPES = [OCI_INDEX, OCI_MANIFEST, OCI_CONFIG, DOCKER_SCHEMA_1];
const PASSWORD = "what-nobody-may-see";
const BASIC = Buffer.from(`user:${PASSWORD}`).toString("base64");
const REPOSITORY = parseReference("gcr.io/project/app");
const TAGS = {
  name: "project/app",
  child: [],
  tags: ["v1", "latest"],
  manifest: { [DIGEST]: { tag: ["v1"], timeUploadedMs: "1764072000000", imageSizeBytes: "7" } },
};

/** What is read of a descriptor becomes part of URLs, and of sums. */
function manifestIn(bytes: Uint8Array, servedAs?: string): unknown {
  const document = parseManifest(bytes, servedAs);
  const children = document.kind === "index" ? document.manifests : [document.config, ...document.layers];
  for (const { digest, size } of children) {
    if (!isDigest(digest) || !Number.isSafeInteger(size) || size < 0)
      throw new Error(`a descriptor of ${digest}, ${size}`);
  }
  return document;
}

export const REGISTRY: readonly Parser[] = [
  {
    name: "a JSON document",
    samples: {
      json: [MANIFEST, { text: 'é"\\\u0000', numbers: [0, -0.5, 1e21, 9007199254740991], nothing: null }],
    },
    refuses: ["malformed"],
    read(bytes) {
      const value = parseJson(bytes);
      if (JSON.stringify(value) !== JSON.stringify(JSON.parse(Buffer.from(bytes).toString()))) {
        throw new Error("it is read otherwise than JSON.parse reads it");
      }
      return value ?? "null";
    },
  },
  {
    name: "a manifest",
    samples: { json: [MANIFEST, INDEX], words: TYPES },
    refuses: ["malformed", "unsupported"],
    read: (bytes) => manifestIn(bytes),
  },
  {
    name: "an index, served as one",
    samples: { json: [INDEX], words: TYPES },
    refuses: ["malformed", "unsupported"],
    read: (bytes) => manifestIn(bytes, OCI_INDEX),
  },
  {
    name: "an image config",
    samples: { json: [IMAGE_CONFIG] },
    refuses: ["malformed"],
    read: parseImageConfig,
  },
  {
    name: "a list of tags",
    samples: { json: [TAGS] },
    refuses: ["malformed"],
    read: (bytes) => readListingPage(bytes, REPOSITORY, true),
  },
  {
    name: "a registry's error",
    samples: {
      json: [{ errors: [{ code: "DENIED", message: "you may not", detail: {} }, { code: "X" }] }],
      words: [PASSWORD, BASIC],
    },
    refuses: [],
    read(bytes) {
      const { message } = refusal("gcr.io", { status: 403, headers: {}, bytes }, "sign in", `Basic ${BASIC}`);
      if (message.includes(PASSWORD)) throw new Error(`it shows what it was sent: ${message}`);
      return message;
    },
  },
  {
    name: "a Docker config",
    samples: {
      json: [
        { auths: { "gcr.io": { auth: "dTpwYXNzd29yZA==" } } },
        { auths: { "https://gcr.io/v2/": { username: "u", password: "p", identitytoken: "" } } },
      ],
    },
    refuses: ["config"],
    heavy: true,
    async read(bytes, folder) {
      const path = join(folder, "config.json");
      await writeFile(path, bytes);
      const credentials = await dockerConfigCredentials(path, { PATH: folder })(
        "gcr.io",
        new AbortController().signal,
      );
      return credentials ?? "none";
    },
  },
  {
    name: "a Binary Authorization payload",
    samples: {
      json: [
        JSON.parse(Buffer.from(binauthzPayload(parseCanonical(`gcr.io/project/app@${DIGEST}`))).toString()),
      ],
    },
    refuses: [],
    read: readPayload,
  },
];
