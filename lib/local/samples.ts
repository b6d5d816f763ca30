import type { DigestAlgorithm } from "../image/digest.ts";
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../image/media-types.ts";
import { formatPlatform, type Platform, parsePlatform } from "../image/platform.ts";
import { indexSample, jsonBytes, manifestSample, platformJson, type Sample } from "./sample.ts";
import { type AttestationForm, buildKitAttestation } from "./sample-artifacts.ts";
import { tarball } from "./tarball.ts";

export type { Sample, SampleBlob, SampleDescriptor, SampleManifest } from "./sample.ts";
export { indexSample, jsonBytes, manifestSample } from "./sample.ts";
export {
  type AttestationForm,
  buildKitAttestation,
  companionTag,
  cosignSignature,
  helmChart,
} from "./sample-artifacts.ts";

/** The media types a sample is written in: OCI's, or those of Docker schema 2. */
export type Format = "oci" | "docker";

const TYPES = {
  oci: {
    index: OCI_INDEX,
    manifest: OCI_MANIFEST,
    config: OCI_CONFIG,
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: DOCKER_LIST,
    manifest: DOCKER_MANIFEST,
    config: DOCKER_CONFIG,
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

export interface ImageOptions {
  /** `linux/arm/v7`, or with everything else that a platform may say. */
  readonly platform: string | Platform;
  /** `config.User`; left out, the image names none and so runs as root. */
  readonly user?: string;
  /** RFC 3339; images that differ in nothing else get digests of their own by it. */
  readonly created?: string;
  readonly files?: { readonly [path: string]: string };
  readonly format?: Format;
  readonly algorithm?: DigestAlgorithm;
}

/** Returns a single-platform image with one small layer. The same options give the same digest, everywhere. */
export function sampleImage(options: ImageOptions): Sample {
  const platform = typeof options.platform === "string" ? parsePlatform(options.platform) : options.platform;
  const { format = "oci", created = "2026-01-01T00:00:00Z", user, algorithm } = options;
  const layer = tarball(options.files ?? { "etc/motd": `Hello from ${formatPlatform(platform)}.\n` });
  const config = {
    created,
    ...platformJson(platform),
    config: { User: user, Cmd: ["/bin/hello"] },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    history: [{ created, created_by: "COPY etc /etc" }],
  };
  return manifestSample({
    mediaType: TYPES[format].manifest,
    config: { mediaType: TYPES[format].config, bytes: jsonBytes(config) },
    layers: [{ mediaType: TYPES[format].layer, bytes: layer.bytes }],
    listedAs: { platform },
    ...(algorithm === undefined ? {} : { algorithm }),
  });
}

export interface IndexOptions {
  /** The children; one may be an index itself. */
  readonly images: readonly Sample[];
  /** Whether each platform image gets a BuildKit attestation manifest, and in which form; `true` is `layers`. */
  readonly attestations?: boolean | AttestationForm;
  readonly format?: Format;
  readonly annotations?: { readonly [key: string]: string };
  readonly algorithm?: DigestAlgorithm;
}

/** Returns an index of `images`, its attestation manifests after them, as BuildKit orders it. */
export function sampleIndex(options: IndexOptions): Sample {
  const { images, attestations = false, format = "oci", annotations, algorithm } = options;
  const form = attestations === true ? "layers" : attestations;
  const described = form === false ? [] : images.filter(({ root }) => root.platform !== undefined);
  return indexSample({
    children: [...images, ...described.map((image) => buildKitAttestation(image, form || undefined))],
    mediaType: TYPES[format].index,
    ...(annotations === undefined ? {} : { annotations }),
    ...(algorithm === undefined ? {} : { algorithm }),
  });
}

/** The demo's image: four platforms with BuildKit attestations, of which linux/s390x runs as root. */
export function demoImage(): Sample {
  return sampleIndex({
    images: [
      sampleImage({ platform: "linux/amd64", user: "10001" }),
      sampleImage({ platform: "linux/arm64", user: "10001" }),
      sampleImage({ platform: "linux/arm/v7", user: "10001" }),
      sampleImage({ platform: "linux/s390x" }),
    ],
    attestations: true,
  });
}
