import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Log } from "../ports.ts";
import { reportUnreadable } from "./listing.ts";
import { occurrencesPath, projectOf } from "./names.ts";
import { type OccurrenceV1Beta1, parseOccurrenceV1Beta1 } from "./occurrence-v1beta1.ts";
import { listPages } from "./pages.ts";
import { openSourcePurpose } from "./purpose.ts";

export interface OpenSourceGrafeasOptions {
  /** Calls the server, without credentials. */
  readonly rest: Rest;
  readonly observer?: Log | undefined;
}

/** An occurrence about one of the images in question, and the document that it was read from. */
export interface Held {
  readonly occurrence: OccurrenceV1Beta1;
  readonly subject: Canonical;
  readonly document: unknown;
}

export interface Listing extends OpenSourceGrafeasOptions {
  readonly signal: AbortSignal;
}

/** A server is asked for all that it has on a project, so there may be far more than what one review is about. */
const MOST_PAGES = 500;

/** Everything on the `wanted` images that `project` holds, each occurrence once. */
export async function listProject(
  listing: Listing,
  project: string,
  wanted: ReadonlyMap<string, Canonical>,
): Promise<readonly Held[]> {
  const found = new Map<string, Held>();
  for await (const held of eachHeld(listing, project, (uri) => wanted.get(uri)))
    found.set(held.occurrence.name, held);
  return [...found.values()];
}

/**
 * Whatever `project` holds of the subjects that `subjectOf` knows by their URIs. No filter is sent: the server's own stores
 * ignore it, and others read the same words in other ways, where one that matches nothing would look like an image without a
 * flaw.
 */
export async function* eachHeld(
  { rest, signal, observer }: Listing,
  project: string,
  subjectOf: (resourceUri: string) => Canonical | undefined,
): AsyncGenerator<Held> {
  const purpose = openSourcePurpose(`list the occurrences in project ${project}`);
  const path = occurrencesPath(project, "v1beta1");
  let first: string | undefined;
  for await (const documents of listPages({ rest, path, purpose, mostPages: MOST_PAGES, signal })) {
    for (const document of documents) {
      const occurrence = parseOccurrenceV1Beta1(document);
      if (occurrence === undefined) {
        reportUnreadable(observer, document);
        continue;
      }
      // The PostgreSQL store never ends its pages, but begins anew.
      if (occurrence.name === first) return;
      first ??= occurrence.name;
      const subject = subjectOf(occurrence.resourceUri);
      // The memory store takes every project whose name begins like this one's.
      if (subject !== undefined && projectOf(occurrence.name) === project)
        yield { occurrence, subject, document };
    }
  }
}
