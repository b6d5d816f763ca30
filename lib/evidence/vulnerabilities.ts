import type { OccurrenceReader } from "../grafeas/reader.ts";
import { formatReference } from "../image/reference.ts";
import type { PlatformImage } from "../image/resolved.ts";
import { once } from "../once.ts";
import type { Found, Vulnerability } from "../ports.ts";
import { projectInName, projectInSetting, projectOfImage } from "./image-project.ts";
import { scanOf } from "./scan.ts";

export interface VulnerabilityOptions {
  readonly imageProject?: string | undefined;
  /** Holds scans besides each image's own project: `grafeasos.vul_project`. */
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
  options: VulnerabilityOptions,
): Vulnerabilities {
  const discoveries = once(async () => {
    const asked = images.flatMap((image) =>
      projectsOf(image, options).map((project) => ({ project, subject: image.reference })),
    );
    const projects = Map.groupBy(asked, ({ project }) => project);
    const lists = [...projects].map(([project, some]) =>
      reader.discoveries(
        project,
        some.map(({ subject }) => subject),
      ),
    );
    return (await Promise.all(lists)).flat();
  });
  return async (image) => {
    const { reference } = image;
    const projects = projectsOf(image, options);
    // Without any project there is nobody to ask.
    if (projects.length === 0) projectOfImage(reference, options.imageProject);
    const name = formatReference(reference);
    const own = (await discoveries()).filter(({ subject }) => formatReference(subject) === name);
    const scan = scanOf(image, own, { projects, scansAmd64Only });
    if ("awaiting" in scan) return scan;
    const lists = projects.map((project) => reader.vulnerabilities(project, reference));
    return { found: distinct((await Promise.all(lists)).flat()) };
  };
}

/** Where the scans of an image may be; nowhere, where the configuration does not say it. */
function projectsOf(
  { reference }: PlatformImage,
  { imageProject, vulnerabilityProject }: VulnerabilityOptions,
): readonly string[] {
  const own = projectInName(reference) ?? imageProject;
  const other = vulnerabilityProject === undefined ? undefined : projectInSetting(vulnerabilityProject);
  return [...new Set([own, other].filter((project) => project !== undefined))];
}

/** A package that an image holds in several places has its vulnerability once. */
function distinct(vulnerabilities: readonly Vulnerability[]): readonly Vulnerability[] {
  const keyed = vulnerabilities.map((one) => [JSON.stringify(Object.values(one)), one] as const);
  return [...new Map(keyed).values()];
}
