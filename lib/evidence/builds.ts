import type { About, OccurrenceReader } from "../grafeas/reader.ts";
import { type Canonical, canonical, formatReference } from "../image/reference.ts";
import type { PlatformImage } from "../image/resolved.ts";
import { once } from "../once.ts";
import type { BuildRecord, Found } from "../ports.ts";
import { projectInName, projectOfImage } from "./image-project.ts";

export interface BuildOptions {
  readonly imageProject?: string | undefined;
  /** Is asked about images that their own project has no build record of. */
  readonly buildDetailFallbackProject?: string | undefined;
}

/** The build records of each image of a review. */
export type Builds = (image: PlatformImage) => Promise<Found<readonly BuildRecord[]>>;

/**
 * Looks build records up for all `images` at once, when the first of them is asked about: in the image's own project, then,
 * for those that have none there, in the fallback project.
 */
export function buildsOf(
  images: readonly PlatformImage[],
  reader: OccurrenceReader,
  options: BuildOptions,
): Builds {
  const own = once(() => listAll(images, reader, (image) => ownProject(image, options)));
  const fallback = once(async () => {
    const found = await own();
    const without = images.filter((image) => recordsOf(image, found).length === 0);
    return listAll(without, reader, (image) => fallbackProject(image, options));
  });
  return async (image) => {
    // Without any project there is nobody to ask.
    if (fallbackProject(image, options) === undefined) projectOfImage(image.reference, options.imageProject);
    const inOwn = recordsOf(image, await own());
    if (inOwn.length > 0) return { found: inOwn };
    const inFallback = recordsOf(image, await fallback());
    return inFallback.length > 0 ? { found: inFallback } : awaitRecord(image, options);
  };
}

/** The digest itself and those of the indexes that led to it, the nearest first. */
export function subjectsOf({ reference, via }: PlatformImage): readonly Canonical[] {
  return [reference, ...via.toReversed().map((digest) => canonical(reference, digest))];
}

function ownProject({ reference }: PlatformImage, { imageProject }: BuildOptions): string | undefined {
  return projectInName(reference) ?? imageProject;
}

/** `undefined` where the image's own project is the fallback, which has been asked then. */
function fallbackProject(image: PlatformImage, options: BuildOptions): string | undefined {
  const { buildDetailFallbackProject: project } = options;
  return project === ownProject(image, options) ? undefined : project;
}

async function listAll(
  images: readonly PlatformImage[],
  reader: OccurrenceReader,
  projectOf: (image: PlatformImage) => string | undefined,
): Promise<readonly About<BuildRecord>[]> {
  const projects = Map.groupBy(images, projectOf);
  const lists = [...projects].map(([project, some]) =>
    project === undefined ? [] : reader.builds(project, some.flatMap(subjectsOf)),
  );
  return (await Promise.all(lists)).flat();
}

/** The records of the image's own digest; or, where it has none, those of the indexes that led to it. */
function recordsOf(image: PlatformImage, found: readonly About<BuildRecord>[]): readonly BuildRecord[] {
  const of = (subject: Canonical) =>
    found
      .filter((record) => formatReference(record.subject) === formatReference(subject))
      .map(({ fact }) => fact);
  const [own, ...indexes] = subjectsOf(image).map(of);
  return own !== undefined && own.length > 0 ? own : indexes.flat();
}

function awaitRecord(image: PlatformImage, options: BuildOptions): Found<never> {
  const projects = [ownProject(image, options), fallbackProject(image, options)];
  const asked = projects.filter((project) => project !== undefined).join(" or ");
  const name = formatReference(image.reference);
  return {
    awaiting: "build",
    reason: `there is no build record of ${name} in project ${asked} yet (Cloud Build writes none for an image that a build step pushed itself: list the image under images in its build)`,
  };
}
