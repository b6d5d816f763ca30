import * as z from "zod/mini";
import { readBundle } from "../../lib/attest/bundle.ts";
import { labelOfSummary } from "../../lib/attest/summary.ts";
import { MANIFEST_ACCEPT, OCI_INDEX } from "../../lib/image/media-types.ts";
import { VERIFIER } from "./oci-stage.ts";

/** What a registry's own API says is attested of a digest. */
export interface Attested {
  readonly check: string;
  /** The manifest that the bundle stands in. */
  readonly manifest: string;
}

const Entry = z.object({ digest: z.string() });
const IndexSchema = z.object({ manifests: z.array(Entry) });
const ManifestSchema = z.object({ layers: z.tuple([Entry]), subject: Entry });

/**
 * The summaries that `repository` lists for `digest`, by the referrers API or the fallback tag, read with nothing but fetch;
 * one that is there twice stands here twice.
 */
export async function attestedIn(
  url: string,
  repository: string,
  digest: string,
): Promise<readonly Attested[]> {
  const get = (path: string, accept = MANIFEST_ACCEPT) =>
    fetch(`${url}/v2/${repository}/${path}`, { headers: { accept } });
  const api = await get(`referrers/${digest}`, OCI_INDEX);
  const listed = api.ok ? api : await get(`manifests/${digest.replace(":", "-")}`);
  if (!listed.ok) return [];
  const { manifests } = IndexSchema.parse(await listed.json());
  const found = manifests.map(async (entry): Promise<Attested> => {
    const manifest = await (await get(`manifests/${entry.digest}`)).json();
    const { layers, subject } = ManifestSchema.parse(manifest);
    if (subject.digest !== digest) throw new Error(`${entry.digest} refers to ${subject.digest}`);
    const bundle = readBundle(await (await get(`blobs/${layers[0].digest}`)).bytes());
    const label = labelOfSummary(bundle?.envelope.payload ?? new Uint8Array(), VERIFIER);
    return { check: label?.checkName ?? "no summary", manifest: entry.digest };
  });
  return Promise.all(found);
}

/** The checks of {@link attestedIn}, sorted. */
export async function checksIn(url: string, repository: string, digest: string): Promise<readonly string[]> {
  return (await attestedIn(url, repository, digest)).map(({ check }) => check).sort();
}
