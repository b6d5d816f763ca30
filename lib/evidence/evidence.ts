import { asVoucherError, untilPermissionsSettle, VoucherError } from "../errors.ts";
import type { OccurrenceSource } from "../grafeas/reader.ts";
import type { PlatformImage } from "../image/resolved.ts";
import { parseSourceRepository } from "../image/source.ts";
import { once, onceEach } from "../once.ts";
import type { Commit, EvidenceSource, Source } from "../ports.ts";
import { type BuildOptions, type Builds, buildsOf, subjectsOf } from "./builds.ts";
import { type Vulnerabilities, type VulnerabilityOptions, vulnerabilitiesOf } from "./vulnerabilities.ts";

export interface EvidenceOptions extends BuildOptions, VulnerabilityOptions {
  /** Holds build records and scans. Without one, asking for them throws `config`. */
  readonly occurrences?: OccurrenceSource | undefined;
  /** Says what the source host knows of a commit. Without one, asking for commits throws `config`. */
  readonly commitOf?: ((source: Source, signal: AbortSignal) => Promise<Commit>) | undefined;
}

/**
 * Gathers evidence for one review after the other. In each, every fact is asked for once, when the first check needs it:
 * build records and scans of all its images in lists of a few digests, vulnerabilities image by image, a commit once for
 * all the images that were built from it. `now` is when the review takes place.
 */
export function createEvidenceSource(now: () => Date, options: EvidenceOptions = {}): EvidenceSource {
  return {
    of(images, signal) {
      const at = now();
      const facts = factsOf(images, options, signal);
      const commits = onceEach<Promise<Commit>>();
      return images.map((image) => ({
        image,
        at,
        imageConfig: async () => image.config,
        builds: once(() => granted(facts.builds(image))),
        vulnerabilities: once(() => granted(facts.vulnerabilities(image))),
        commit: (source) => commits(keyOf(source), () => facts.commit(source)),
      }));
    },
  };
}

/** A service that refuses to show facts of an image now may show them later. */
function granted<T>(facts: Promise<T>): Promise<T> {
  return facts.catch((fault) => {
    throw untilPermissionsSettle(asVoucherError(fault));
  });
}

interface Facts {
  readonly builds: Builds;
  readonly vulnerabilities: Vulnerabilities;
  readonly commit: (source: Source) => Promise<Commit>;
}

function factsOf(images: readonly PlatformImage[], options: EvidenceOptions, signal: AbortSignal): Facts {
  const { occurrences, commitOf } = options;
  const commit = async (source: Source) => {
    if (commitOf !== undefined) return commitOf(source, signal);
    throw new VoucherError(
      "config",
      "no source host is configured that commits could be looked up on; name one under [repository.ALIAS] with its org-url",
    );
  };
  if (occurrences === undefined) return { builds: noService, vulnerabilities: noService, commit };
  const reader = occurrences.reader(images.flatMap(subjectsOf), signal);
  return {
    builds: buildsOf(images, reader, options),
    vulnerabilities: vulnerabilitiesOf(images, reader, occurrences.scansAmd64Only, options),
    commit,
  };
}

async function noService(): Promise<never> {
  throw new VoucherError(
    "config",
    "no service is configured that holds build records and scans; set metadata_client to containeranalysis or grafeasos",
  );
}

/** The same for every spelling of a repository's address that means the same repository. */
function keyOf({ url, revision }: Source): string {
  const repository = parseSourceRepository(url);
  const name =
    repository === undefined ? url : [repository.host, repository.owner, repository.repository].join("/");
  return `${name.toLowerCase()} ${revision}`;
}
