import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { type Digest, isDigest } from "../image/digest.ts";
import { type JsonObject, parseJson } from "../image/json.ts";

/** A manifest that refers to another one, as an index of referrers lists it. */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations: { readonly [key: string]: string };
}

/** An index of referrers: OCI distribution specification, "Listing Referrers" and "Referrers Tag Schema". */
export interface ReferrersIndex {
  /** As it was read, with whatever else it holds. */
  readonly document: JsonObject & { readonly manifests: readonly unknown[] };
  /** Those entries that can be read. What others put there must not hide ours. */
  readonly referrers: readonly Referrer[];
}

const IndexSchema = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(z.unknown()) });
const ReferrerSchema = z.object({
  mediaType: z.string(),
  digest: z.string().check(z.refine(isDigest)),
  size: z.int().check(z.minimum(0)),
  artifactType: z.optional(z.string()),
  annotations: z._default(z.nullish(z.record(z.string(), z.string())), null),
});

/** Throws `malformed` for what is no index. */
export function readReferrersIndex(bytes: Uint8Array): ReferrersIndex {
  const parsed = IndexSchema.safeParse(parseJson(bytes));
  if (!parsed.success) throw new VoucherError("malformed", "it is no index of referrers");
  const document = parsed.data;
  return { document, referrers: document.manifests.flatMap((entry) => readReferrer(entry) ?? []) };
}

/** One entry of an index of referrers; `undefined` for what is none. */
export function readReferrer(entry: unknown): Referrer | undefined {
  const parsed = ReferrerSchema.safeParse(entry);
  if (!parsed.success) return undefined;
  const { mediaType, digest, size, artifactType, annotations } = parsed.data;
  if (!isDigest(digest)) return undefined;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: annotations ?? {},
  };
}
