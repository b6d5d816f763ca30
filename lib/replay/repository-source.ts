import { VoucherError } from "../errors.ts";
import { formatReference, nameOf, parseReference, type Reference } from "../image/reference.ts";
import type { ListedManifest, Repositories } from "../ports/sources.ts";
import type { Found, Source } from "./event.ts";
import type { Glob } from "./glob.ts";
import { eventNamed, eventOf } from "./image-event.ts";

/** Reads the name of a repository. Throws `usage`. */
export function parseRepository(text: string): Reference {
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag === undefined && digest === undefined) return { registry, repository };
  throw new VoucherError(
    "usage",
    `${JSON.stringify(text)} is an image; name its repository alone, and its tags by --tag`,
  );
}

/**
 * What the tags of a repository name now, each digest once; and, where its registry lists them and no tag is asked for, the
 * manifests that have no tag.
 */
export function imagesOfRepository(
  repository: Reference,
  tagged: Glob | undefined,
  repositories: Repositories,
): Source {
  const isWanted = tagged ?? (() => true);
  return {
    name: `repository ${nameOf(repository)}`,
    distinct: true,
    async *events(stop): AsyncGenerator<Found> {
      const { tags, manifests } = await repositories.list(repository, stop);
      const found =
        manifests === undefined
          ? tags.filter(isWanted).map((tag) => tagIn({ ...repository, tag }, repositories))
          : manifests.flatMap((manifest) => placesOf(manifest, isWanted, tagged === undefined, repository));
      for (const [at, one] of found.entries()) yield { ...one, through: at + 1, of: found.length };
    },
  };
}

type Place = Pick<Found, "where" | "read">;

function tagIn(reference: Reference, repositories: Repositories): Place {
  return {
    where: formatReference(reference),
    read: (deadline) => eventNamed(reference, repositories, deadline()),
  };
}

/** A manifest under each of its tags: which one matters to whoever filters by tags. */
function placesOf(
  { digest, tags, uploadedAt }: ListedManifest,
  isWanted: Glob,
  untagged: boolean,
  { registry, repository }: Reference,
): readonly Place[] {
  const image = { registry, repository, digest };
  const names = tags.length === 0 && untagged ? [undefined] : tags.filter(isWanted);
  return names.map((tag) => ({
    where: formatReference({ ...image, ...(tag === undefined ? {} : { tag }) }),
    read: () => eventOf({ image, ...(tag === undefined ? {} : { tag }) }, uploadedAt),
  }));
}
