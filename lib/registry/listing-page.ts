import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { type Digest, isDigest } from "../image/digest.ts";
import { parseJson } from "../image/json.ts";
import { parseReference, type Reference } from "../image/reference.ts";
import type { ListedManifest, Listing } from "../ports/sources.ts";
import { printable } from "./text.ts";

const Page = z.object({ tags: z.nullable(z.array(z.string())), manifest: z.optional(z.unknown()) });

/** Container Registry writes times as strings, Artifact Registry as numbers: milliseconds since 1970. */
const Manifests = z.record(
  z.string(),
  z.object({
    tag: z.nullish(z.array(z.string())),
    timeUploadedMs: z.optional(z.union([z.string(), z.number()])),
  }),
);

/**
 * Reads one page of a repository's list of tags, and what a registry of Google's adds to it: every manifest. Throws
 * `malformed` for anything else, and for names that no image can have: they become parts of names and URLs.
 */
export function readListingPage(bytes: Uint8Array, of: Reference, isGoogle: boolean): Listing {
  const page = Page.safeParse(parseJson(bytes));
  if (!page.success) throw noList();
  const tags = tagsIn(page.data.tags, of);
  return isGoogle ? { tags, manifests: manifestsIn(page.data.manifest ?? {}, of) } : { tags };
}

function manifestsIn(document: unknown, of: Reference): readonly ListedManifest[] {
  const manifests = Manifests.safeParse(document);
  if (!manifests.success) throw noList();
  return Object.entries(manifests.data).map(([digest, { tag, timeUploadedMs }]) => {
    const uploadedAt = momentOf(timeUploadedMs);
    return {
      digest: parseListedDigest(digest),
      tags: tagsIn(tag, of),
      ...(uploadedAt === undefined ? {} : { uploadedAt }),
    };
  });
}

function noList(): VoucherError {
  return new VoucherError("malformed", "the registry's answer is no list of tags");
}

function tagsIn(tags: readonly string[] | null | undefined, of: Reference): readonly string[] {
  const odd = tags?.find((tag) => !isTag(of, tag));
  if (odd === undefined) return tags ?? [];
  throw new VoucherError(
    "malformed",
    `the registry lists the tag "${printable(odd)}", which no image can have`,
  );
}

/** Whether `tag` is one by the grammar of references. */
function isTag({ registry, repository }: Reference, tag: string): boolean {
  try {
    return parseReference(`${registry}/${repository}:${tag}`).tag === tag;
  } catch {
    return false;
  }
}

function parseListedDigest(digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw new VoucherError("malformed", `the registry lists "${printable(digest)}", which is no digest`);
}

function momentOf(milliseconds: string | number | undefined): Date | undefined {
  const time = Number(milliseconds ?? Number.NaN);
  const moment = new Date(time);
  return time > 0 && !Number.isNaN(moment.getTime()) ? moment : undefined;
}
