import type { Canonical } from "../image/reference.ts";
import { formatReference } from "../image/reference.ts";
import type { AttestedImage } from "../ports.ts";
import { filterOf } from "./filter.ts";
import { type Listing, reportUnreadable } from "./listing.ts";
import { imageOf, type NoteId, occurrencesPath } from "./names.ts";
import { parseOccurrence } from "./occurrence.ts";
import { listPages } from "./pages.ts";
import { purposeOf } from "./purpose.ts";

/** A thousand occurrences each: every image of a company, not of a handful of images. */
const MOST_PAGES = 1000;

/**
 * Every image that an attestation under `note` stands on, whoever made it: every page. What cannot be read or speaks of no
 * image is left out and reported to the observer.
 */
export async function listAttested(
  { rest, observer, signal }: Pick<Listing, "rest" | "observer" | "signal">,
  note: NoteId,
): Promise<readonly AttestedImage[]> {
  const { project } = note;
  const action = `list the attestations of the note ${note.note} in project ${project}`;
  const images = createAttestedImages();
  const pages = listPages({
    rest,
    path: occurrencesPath(project),
    purpose: purposeOf(action, "occurrences.list", project),
    filter: filterOf("ATTESTATION", [], note),
    mostPages: MOST_PAGES,
    signal,
  });
  for await (const documents of pages) {
    for (const document of documents) {
      const occurrence = parseOccurrence(document);
      // Not every server honours every filter.
      if (occurrence !== undefined && !isUnder(note, occurrence)) continue;
      const image = occurrence === undefined ? undefined : imageOf(occurrence.resourceUri);
      if (occurrence === undefined || image === undefined) reportUnreadable(observer, document);
      else images.add(image, occurrence.updatedAt ?? occurrence.createdAt);
    }
  }
  return images.all();
}

function isUnder(
  { project, note }: NoteId,
  occurrence: { readonly kind: string; readonly note: NoteId },
): boolean {
  const { kind, note: own } = occurrence;
  return kind === "ATTESTATION" && own.project === project && own.note === note;
}

/** Images, each once, and of the times that one is given the latest. */
export function createAttestedImages() {
  const images = new Map<string, AttestedImage>();
  return {
    add(image: Canonical, since: Date | undefined): void {
      const name = formatReference(image);
      const known = images.get(name)?.since;
      const latest = known !== undefined && (since === undefined || known > since) ? known : since;
      images.set(name, { image, ...(latest === undefined ? {} : { since: latest }) });
    },
    all: (): readonly AttestedImage[] => [...images.values()],
  };
}
