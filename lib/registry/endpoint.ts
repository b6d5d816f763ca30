import { VoucherError } from "../errors.ts";
import type { Digest } from "../image/digest.ts";
import { formatReference, isLoopback, parseReference, type Reference } from "../image/reference.ts";

/** Which registries are asked over plain http (`insecure`), and which loopback ones over TLS (`secure`). */
export interface Schemes {
  readonly insecure: readonly string[];
  readonly secure: readonly string[];
}

/** Docker Hub's API lives under another name than the one in its images' names. */
const API_HOSTS: { readonly [registry: string]: string } = { "docker.io": "registry-1.docker.io" };

/** Whether `host` (with its port) is asked over plain http: loopback, and what the user lists. */
export function isPlain(host: string, { insecure, secure }: Schemes): boolean {
  return insecure.includes(host) || (isLoopback(host) && !secure.includes(host));
}

/** The root of a registry's API. Throws `usage` for a host that none could have. */
export function apiOf(registry: string, schemes: Schemes): URL {
  const url = URL.parse(
    `${isPlain(registry, schemes) ? "http" : "https"}://${API_HOSTS[registry] ?? registry}/v2/`,
  );
  if (url === null) throw new VoucherError("usage", `${JSON.stringify(registry)} is no registry host`);
  return url;
}

/** `GET /v2/<name>/manifests/<reference>` of the OCI distribution specification. */
export function manifestUrl(reference: Reference, schemes: Schemes): URL {
  const which = reference.digest ?? reference.tag;
  if (which === undefined)
    throw new VoucherError("usage", `${formatReference(reference)} has neither tag nor digest`);
  return new URL(`${repositoryOf(reference)}/manifests/${which}`, apiOf(reference.registry, schemes));
}

/** `GET /v2/<name>/blobs/<digest>`. */
export function blobUrl(reference: Reference & { readonly digest: Digest }, schemes: Schemes): URL {
  return new URL(`${repositoryOf(reference)}/blobs/${reference.digest}`, apiOf(reference.registry, schemes));
}

/** `GET /v2/<name>/tags/list`. */
export function tagsUrl({ registry, repository }: Reference, schemes: Schemes): URL {
  return new URL(`${repositoryOf({ registry, repository })}/tags/list?n=1000`, apiOf(registry, schemes));
}

/** `GET /v2/<name>/referrers/<digest>`, only those of one type. */
export function referrersUrl(
  reference: Reference & { readonly digest: Digest },
  artifactType: string,
  schemes: Schemes,
): URL {
  const api = apiOf(reference.registry, schemes);
  const url = new URL(`${repositoryOf(reference)}/referrers/${reference.digest}`, api);
  url.searchParams.set("artifactType", artifactType);
  return url;
}

/** `POST /v2/<name>/blobs/uploads/`. */
export function uploadsUrl({ registry, repository }: Reference, schemes: Schemes): URL {
  return new URL(`${repositoryOf({ registry, repository })}/blobs/uploads/`, apiOf(registry, schemes));
}

/** The repository, held to the grammar of names once more: it is about to become part of a path. */
function repositoryOf(reference: Reference): string {
  const parsed = parseReference(formatReference(reference));
  const same = parsed.registry === reference.registry && parsed.repository === reference.repository;
  if (!same || parsed.tag !== reference.tag || parsed.digest !== reference.digest) {
    throw new VoucherError("usage", `${JSON.stringify(formatReference(reference))} is no image name`);
  }
  return reference.repository;
}
