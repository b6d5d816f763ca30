import { algorithmOf, type Digest, digestOf, hexOf } from "../image/digest.ts";
import {
  BUILDKIT_ATTESTATION,
  COSIGN_SIGNATURE,
  IN_TOTO,
  OCI_CONFIG,
  OCI_EMPTY,
} from "../image/media-types.ts";
import { jsonBytes, manifestSample, type Sample } from "./sample.ts";
import { tarball } from "./tarball.ts";

/** How BuildKit stores an attestation: as layers of a manifest that looks like an image, or as an OCI artifact. */
export type AttestationForm = "layers" | "artifact";

const PREDICATE_TYPE = "https://slsa.dev/provenance/v0.2";

/** Returns the attestation manifest that BuildKit would put beside `image` in an index. */
export function buildKitAttestation(image: Sample, form: AttestationForm = "layers"): Sample {
  const statement = jsonBytes({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: PREDICATE_TYPE,
    subject: [
      { name: "pkg:docker/sample", digest: { [algorithmOf(image.root.digest)]: hexOf(image.root.digest) } },
    ],
    predicate: { builder: { id: "" }, buildType: "https://mobyproject.org/buildkit@v1" },
  });
  const layer = {
    mediaType: IN_TOTO,
    bytes: statement,
    annotations: { "in-toto.io/predicate-type": PREDICATE_TYPE },
  };
  const listedAs = {
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.digest": image.root.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    },
  };
  if (form === "layers")
    return manifestSample({ config: bareConfig("unknown", statement), layers: [layer], listedAs });
  const { mediaType, digest, size } = image.root;
  return manifestSample({
    artifactType: BUILDKIT_ATTESTATION,
    config: { mediaType: OCI_EMPTY, bytes: jsonBytes({}), inline: true },
    layers: [layer],
    subject: { mediaType, digest, size },
    listedAs,
  });
}

/** Returns a Helm chart as `helm push` stores it. */
export function helmChart(name = "sample", version = "1.0.0"): Sample {
  const chart = { apiVersion: "v2", name, version };
  const yaml = Object.entries(chart).map(([key, value]) => `${key}: ${value}\n`);
  return manifestSample({
    config: { mediaType: "application/vnd.cncf.helm.config.v1+json", bytes: jsonBytes(chart) },
    layers: [
      {
        mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        bytes: tarball({ [`${name}/Chart.yaml`]: yaml.join("") }).bytes,
      },
    ],
  });
}

/** Returns a signature of `image` in the form that cosign pushes under {@link companionTag}; its bytes verify nothing. */
export function cosignSignature(image: Sample): Sample {
  const payload = jsonBytes({
    critical: {
      identity: { "docker-reference": "" },
      image: { "docker-manifest-digest": image.root.digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  return manifestSample({
    config: bareConfig("", payload),
    layers: [
      {
        mediaType: COSIGN_SIGNATURE,
        bytes: payload,
        annotations: { "dev.cosignproject.cosign/signature": Buffer.from("no signature").toString("base64") },
      },
    ],
  });
}

/** The tag under which cosign keeps what accompanies the image `digest`. */
export function companionTag(digest: Digest, suffix: "sig" | "att" | "sbom"): string {
  return `${digest.replace(":", "-")}.${suffix}`;
}

/** The image config that BuildKit and cosign give to manifests that are no images. */
function bareConfig(platform: string, layer: Uint8Array): { mediaType: string; bytes: Uint8Array } {
  return {
    mediaType: OCI_CONFIG,
    bytes: jsonBytes({
      architecture: platform,
      os: platform,
      config: {},
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    }),
  };
}
