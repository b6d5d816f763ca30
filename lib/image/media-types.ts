/** The media types of manifests and configs that are images. OCI image specification and Docker schema 2. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";
export const DOCKER_SCHEMA_1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";

export const BUILDKIT_ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json";
export const BUILDKIT_CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0";
export const IN_TOTO = "application/vnd.in-toto+json";
export const DSSE_ENVELOPE = "application/vnd.dsse.envelope.v1+json";
export const COSIGN_SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json";
export const SIGSTORE_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:[.+;]|$)/;

export const INDEX_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST];
export const MANIFEST_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const CONFIG_TYPES: readonly string[] = [OCI_CONFIG, DOCKER_CONFIG];
export const SCHEMA_1_TYPES: readonly string[] = [DOCKER_SCHEMA_1, DOCKER_SCHEMA_1_SIGNED];

/** What old registries called image configs, and Docker therefore still takes for ones. */
const CONFIG_TYPES_OF_OLD: readonly string[] = [
  "",
  "application/octet-stream",
  "application/json",
  "text/html",
];
const CONFIG_TYPE_OF_DOCKER = /^application\/vnd\.(?:oci\.image|docker)\./;

/** Whether Docker takes a config of this type for an image's, within an index at least: in any case, with anything behind. */
export function isConfigTypeOfDocker(mediaType: string): boolean {
  const type = mediaType.toLowerCase();
  return CONFIG_TYPES_OF_OLD.includes(type) || CONFIG_TYPE_OF_DOCKER.test(type);
}

/**
 * What a request for a manifest accepts. The list types are in it because a registry that is asked without them
 * answers a tag with a child of the list, under another digest.
 */
export const MANIFEST_ACCEPT = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(", ");

/** The media type of a Content-Type header, lower case, without parameters; `undefined` without a header. */
export function essenceOf(contentType: string | undefined): string | undefined {
  const essence = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  return essence === "" ? undefined : essence;
}

/** Whether a layer of this type makes its manifest a carrier of signatures or attestations, not an image. */
export function isAttestationLayer(mediaType: string): boolean {
  return (
    mediaType === IN_TOTO ||
    mediaType === DSSE_ENVELOPE ||
    mediaType === COSIGN_SIGNATURE ||
    SIGSTORE_BUNDLE.test(mediaType)
  );
}
