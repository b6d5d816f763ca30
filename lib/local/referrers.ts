import type { Digest } from "../image/digest.ts";
import { OCI_INDEX } from "../image/media-types.ts";
import { type Repository, requireDigest } from "./repository.ts";
import type { SampleManifest } from "./sample.ts";
import type { Answer } from "./server.ts";

/**
 * Answers `GET /v2/<name>/referrers/<digest>` (OCI distribution specification 1.1, "Listing Referrers"): every manifest whose
 * subject is that digest, whether there is such a manifest or not; only those of one type where the query names it.
 */
export function listReferrers(
  { manifests }: Repository,
  digestText: string,
  artifactType: string | null,
): Answer {
  const digest = requireDigest(digestText);
  const all = [...manifests.values()].flatMap((manifest) => toReferrer(manifest, digest) ?? []);
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: all.filter((one) => artifactType === null || one.artifactType === artifactType),
  };
  return {
    status: 200,
    headers: {
      "content-type": OCI_INDEX,
      ...(artifactType === null ? {} : { "oci-filters-applied": "artifactType" }),
    },
    body: JSON.stringify(index),
  };
}

/** The digest that a manifest refers to, where it does. */
export function subjectOf({ bytes }: Pick<SampleManifest, "bytes">): Digest | undefined {
  return memberOf(documentIn(bytes)["subject"], "digest") as Digest | undefined;
}

function toReferrer(manifest: SampleManifest, subject: Digest) {
  const { mediaType, digest, bytes } = manifest;
  if (subjectOf(manifest) !== subject) return undefined;
  const { artifactType, config, annotations } = documentIn(bytes);
  const type = artifactType ?? memberOf(config, "mediaType");
  return {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** What is planted may be anything. */
function documentIn(bytes: Uint8Array): { readonly [key: string]: unknown } {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof document === "object" && document !== null ? { ...document } : {};
  } catch {
    return {};
  }
}

function memberOf(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const member: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof member === "string" ? member : undefined;
}
