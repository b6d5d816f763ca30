import { VoucherError } from "../errors.ts";
import type { Digest } from "../image/digest.ts";
import type { Sample } from "./sample.ts";

export interface Destination {
  /** Where the registry listens: `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly repository: string;
  /** Names the root; without it the root is put by its digest. */
  readonly tag?: string;
  readonly signal?: AbortSignal;
}

const PATIENCE_MS = 30_000;

/**
 * Pushes `sample` as an ordinary client does (OCI distribution specification, "Push"): blobs, then manifests, children
 * first. Returns the digest of the root. Throws `unavailable` where the registry refuses.
 */
export async function pushSample(sample: Sample, to: Destination): Promise<Digest> {
  const base = `${to.url}/v2/${to.repository}`;
  const signal = to.signal ?? AbortSignal.timeout(PATIENCE_MS);
  for (const { digest, bytes } of sample.blobs) {
    const begun = await send(`${base}/blobs/uploads/`, { method: "POST", signal });
    const upload = new URL(begun.headers.get("location") ?? "", base);
    upload.searchParams.set("digest", digest);
    await send(upload, { method: "PUT", body: Uint8Array.from(bytes), signal });
  }
  for (const { digest, mediaType, bytes } of sample.manifests) {
    const reference = digest === sample.root.digest ? (to.tag ?? digest) : digest;
    const headers = { "content-type": mediaType };
    await send(`${base}/manifests/${reference}`, {
      method: "PUT",
      headers,
      body: Uint8Array.from(bytes),
      signal,
    });
  }
  return sample.root.digest;
}

async function send(url: string | URL, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  const text = await response.text();
  if (response.ok) return response;
  throw new VoucherError(
    "unavailable",
    `the registry refused ${request.method} ${url} with ${response.status}: ${text.slice(0, 500)}`,
  );
}
