import { imageOf } from "../grafeas/names.ts";
import type { OccurrenceSource } from "../grafeas/reader.ts";
import type { Canonical } from "../image/reference.ts";

/** What a notification of new evidence turned out to speak of. */
export interface AnnouncedEvidence {
  readonly image: Canonical;
  readonly kind: "BUILD" | "DISCOVERY";
  /** Whether this is a scan that is not over yet, of which another notification will come. */
  readonly scanPending: boolean;
}

/**
 * Returns a function that reads the occurrence a notification names. It answers `undefined` for one that is no evidence
 * of a build or of a vulnerability scan, and for one whose resource is no image with a digest. It throws what the service's
 * caller throws, `not-found` for an occurrence that is gone among it, and `malformed` for what is no occurrence's name.
 */
export function createAnnouncedReader(
  occurrences: OccurrenceSource,
): (name: string, signal: AbortSignal) => Promise<AnnouncedEvidence | undefined> {
  return async (name, signal) => {
    const { kind, resourceUri, scan } = await occurrences.get(name, signal);
    const image = imageOf(resourceUri);
    if (image === undefined) return undefined;
    if (kind === "BUILD") return { image, kind, scanPending: false };
    if (kind !== "DISCOVERY" || scan === undefined) return undefined;
    return { image, kind, scanPending: scan.state === "pending" || scan.state === "scanning" };
  };
}
