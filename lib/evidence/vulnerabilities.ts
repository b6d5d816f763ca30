import type { OccurrenceReader } from "../grafeas/reader.ts";
import { formatReference } from "../image/reference.ts";
import type { PlatformImage } from "../image/resolved.ts";
import type { Found, Vulnerability } from "../ports.ts";
import { projectInName, projectOfImage } from "./image-project.ts";
import { once } from "./once.ts";
import { scanOf } from "./scan.ts";

export interface VulnerabilityOptions {
  readonly imageProject?: string | undefined;
  /** Holds the scans of every image, whatever its name says. */
  readonly vulnerabilityProject?: string | undefined;
}

/** The vulnerabilities of each image of a review. */
export type Vulnerabilities = (image: PlatformImage) => Promise<Found<readonly Vulnerability[]>>;

/**
 * Looks up how far the scans of all `images` are, when the first of them is asked about, and then, for each that is asked
 * about and whose scan is over, what it found. Only scans of the very digest count: that of an index is of one platform.
 */
export function vulnerabilitiesOf(
  images: readonly PlatformImage[],
  reader: OccurrenceReader,
  scansAmd64Only: boolean,
  { imageProject, vulnerabilityProject }: VulnerabilityOptions,
): Vulnerabilities {
  const discoveries = once(async () => {
    const projects = Map.groupBy(
      images,
      ({ reference }) => vulnerabilityProject ?? projectInName(reference) ?? imageProject,
    );
    const lists = [...projects].map(([project, some]) =>
      project === undefined
        ? []
        : reader.discoveries(
            project,
            some.map(({ reference }) => reference),
          ),
    );
    return (await Promise.all(lists)).flat();
  });
  return async (image) => {
    const project = vulnerabilityProject ?? projectOfImage(image.reference, imageProject);
    const name = formatReference(image.reference);
    const own = (await discoveries()).filter(({ subject }) => formatReference(subject) === name);
    const scan = scanOf(image, own, { project, scansAmd64Only });
    if ("awaiting" in scan) return scan;
    return { found: distinct(await reader.vulnerabilities(project, image.reference)) };
  };
}

/** A package that an image holds in several places has its vulnerability once. */
function distinct(vulnerabilities: readonly Vulnerability[]): readonly Vulnerability[] {
  const keyed = vulnerabilities.map((one) => [JSON.stringify(Object.values(one)), one] as const);
  return [...new Map(keyed).values()];
}
