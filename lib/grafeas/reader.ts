import type { Canonical } from "../image/reference.ts";
import type { BuildRecord, Vulnerability } from "../ports.ts";
import type { Discovery } from "./discovery.ts";

/** A fact, the image that it is about, and the name of the note that it stands under. */
export interface About<Fact> {
  readonly subject: Canonical;
  readonly note: string;
  readonly fact: Fact;
}

/**
 * Reads what a metadata service holds on the images of one review, whichever version of Grafeas it speaks. Every method
 * throws what the service's REST caller throws, and `config` for what cannot be a project.
 */
export interface OccurrenceReader {
  /** Every build record on `subjects`. One that cannot be read is left out and reported. */
  builds(project: string, subjects: readonly Canonical[]): Promise<readonly About<BuildRecord>[]>;
  /** Everything that says how far a vulnerability scan of one of `subjects` is. */
  discoveries(project: string, subjects: readonly Canonical[]): Promise<readonly About<Discovery>[]>;
  /** Every vulnerability that was found in `subject`. Throws `malformed` rather than leave one out. */
  vulnerabilities(project: string, subject: Canonical): Promise<readonly Vulnerability[]>;
}

/** An occurrence that a notification announced. */
export interface AnnouncedOccurrence {
  readonly kind: string;
  /** What it is about, as the service writes it: mostly an image, `https://…@sha256:…`. */
  readonly resourceUri: string;
  /** For the discovery of a vulnerability scan: how far that is. */
  readonly scan?: Discovery;
}

/** A service that holds what is known of images. */
export interface OccurrenceSource {
  /**
   * Whether scans are Google's, which reach Linux on amd64 alone: an image of another platform that no scan has begun for
   * will never have one.
   */
  readonly scansAmd64Only: boolean;
  /** A reader for one review, which ends with `signal`. `subjects` is all that it will be asked about. */
  reader(subjects: readonly Canonical[], signal: AbortSignal): OccurrenceReader;
  /** Reads one occurrence by its name, as it came. Throws `malformed` for what is no such name. */
  get(name: string, signal: AbortSignal): Promise<AnnouncedOccurrence>;
}
