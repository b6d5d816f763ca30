import { algorithmOf, type Digest, digestOf, isDigest, names } from "../image/digest.ts";
import { essenceOf, INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from "../image/media-types.ts";
import type { SampleManifest } from "./sample.ts";
import { Refusal } from "./server.ts";

const LARGEST_MANIFEST = 4 * 1024 * 1024;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

interface Child {
  readonly digest: string;
  readonly mediaType?: string;
  readonly urls?: readonly string[];
}

/** One repository of the embedded registry. Refuses as the OCI distribution specification says (its error codes). */
export class Repository {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly manifests = new Map<Digest, SampleManifest>();
  readonly tags = new Map<string, Digest>();

  addBlob(digestText: string | null, bytes: Uint8Array): Digest {
    const digest = requireDigest(digestText ?? "");
    if (!names(digest, bytes)) throw new Refusal(400, `the content is not ${digest}`, "DIGEST_INVALID");
    this.blobs.set(digest, bytes);
    return digest;
  }

  blob(digestText: string): { digest: Digest; bytes: Uint8Array } {
    const digest = requireDigest(digestText);
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new Refusal(404, `there is no blob ${digest}`, "BLOB_UNKNOWN");
    return { digest, bytes };
  }

  /** Stores what was put under `reference`, a tag or a digest, with everything it names already here. */
  addManifest(reference: string, bytes: Uint8Array, contentType: string | undefined): Digest {
    if (bytes.length > LARGEST_MANIFEST) {
      throw new Refusal(413, `the manifest is larger than ${LARGEST_MANIFEST} bytes`, "SIZE_INVALID");
    }
    const byTag = TAG.test(reference);
    const named = byTag ? undefined : requireDigest(reference);
    const digest = digestOf(bytes, named === undefined ? undefined : algorithmOf(named));
    if (named !== undefined && named !== digest) {
      throw new Refusal(400, `the content is ${digest}, not ${named}`, "DIGEST_INVALID");
    }
    const document = parse(bytes);
    const mediaType = typeOf(document, essenceOf(contentType));
    this.#requireParts(document);
    this.manifests.set(digest, { mediaType, digest, bytes });
    if (byTag) this.tags.set(reference, digest);
    return digest;
  }

  manifest(reference: string): SampleManifest {
    const digest = TAG.test(reference) ? this.tags.get(reference) : requireDigest(reference);
    const found = digest === undefined ? undefined : this.manifests.get(digest);
    if (found === undefined) throw new Refusal(404, `there is no manifest ${reference}`, "MANIFEST_UNKNOWN");
    return found;
  }

  /** Removes a tag, or a manifest with every tag on it. */
  deleteManifest(reference: string): void {
    const { digest } = this.manifest(reference);
    if (this.tags.delete(reference)) return;
    this.manifests.delete(digest);
    for (const [tag, tagged] of this.tags) if (tagged === digest) this.tags.delete(tag);
  }

  #requireParts(document: { readonly [key: string]: unknown }): void {
    for (const child of childrenIn(document["manifests"])) {
      const known = this.manifests.has(child.digest as Digest);
      // BuildKit lists the layers of a cache in an index.
      if (!known && (isManifest(child.mediaType) || !this.blobs.has(child.digest as Digest)))
        throw missing(child);
    }
    for (const part of [...childrenIn([document["config"]]), ...childrenIn(document["layers"])]) {
      if (!this.blobs.has(part.digest as Digest) && !part.urls?.length) throw missing(part);
    }
  }
}

export function requireDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new Refusal(400, `${JSON.stringify(text)} is no sha256 or sha512 digest`, "DIGEST_INVALID");
  }
  return text;
}

function parse(bytes: Uint8Array): { readonly [key: string]: unknown } {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof document === "object" && document !== null && !Array.isArray(document)) return { ...document };
  } catch {
    // Answered below, like every other document that is no object.
  }
  throw new Refusal(400, "the manifest is no JSON object", "MANIFEST_INVALID");
}

/** The type that a manifest is served as again: the one it names, else the one it was put with, else by its members. */
function typeOf(document: { readonly [key: string]: unknown }, putAs: string | undefined): string {
  const own = document["mediaType"];
  if (own !== undefined && (typeof own !== "string" || (putAs !== undefined && own !== putAs))) {
    throw new Refusal(400, `the manifest calls itself ${own}, but was put as ${putAs}`, "MANIFEST_INVALID");
  }
  return own ?? putAs ?? ("manifests" in document ? OCI_INDEX : OCI_MANIFEST);
}

function childrenIn(value: unknown): readonly Child[] {
  return Array.isArray(value) ? value.filter((child) => typeof child?.digest === "string") : [];
}

function isManifest(mediaType: string | undefined): boolean {
  return [...INDEX_TYPES, ...MANIFEST_TYPES].includes(mediaType ?? "");
}

function missing(child: Child): Refusal {
  return new Refusal(
    400,
    `the manifest names ${child.digest}, which is not in this repository`,
    "MANIFEST_BLOB_UNKNOWN",
  );
}
