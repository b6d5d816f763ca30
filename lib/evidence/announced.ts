import { VoucherError } from "../errors.ts";
import { imageOf } from "../grafeas/names.ts";
import type { AnnouncedOccurrence, OccurrenceSource } from "../grafeas/reader.ts";
import type { Announcements } from "../ports.ts";

/**
 * Reads announced occurrences, each in one request. One that is neither a build record nor the discovery of a vulnerability
 * scan speaks of nothing, like one whose resource is no image with a digest. Reading throws what the service's caller
 * throws, and `malformed` for what is no occurrence's name.
 */
export function createAnnouncements(occurrences: OccurrenceSource): Announcements {
  return {
    async read(name, signal) {
      const occurrence = await occurrences.get(name, signal).catch(goneIsNothing);
      const image = occurrence && imageOf(occurrence.resourceUri);
      if (occurrence === undefined || image === undefined) return undefined;
      const { kind, scan } = occurrence;
      if (kind === "BUILD") return { image, unfinished: false };
      if (scan === undefined) return undefined;
      return { image, unfinished: scan.state === "pending" || scan.state === "scanning" };
    },
  };
}

function goneIsNothing(fault: unknown): AnnouncedOccurrence | undefined {
  if (fault instanceof VoucherError && fault.code === "not-found") return undefined;
  throw fault;
}
