import type { PlatformImage } from "../image/resolved.ts";
import type { BuildRecord, Evidence } from "../ports.ts";
import { fail, type Outcome, pending } from "./contract.ts";
import { waitingFor } from "./outcomes.ts";
import { listed, plain, quote } from "./wording.ts";

/** Who is trusted to build. Both must be: a builder may serve strangers' projects too, as Cloud Build's does. */
export interface BuildTrust {
  readonly trustedBuilderIdentities: readonly string[];
  readonly trustedProjects: readonly string[];
}

/** The build records to believe, at least one; or the outcome of every check that needs one. */
export type TrustedBuilds = { readonly records: readonly BuildRecord[] } | { readonly outcome: Outcome };

const SHOWN = 3;

/**
 * Finds the build records that vouch for an image: builder and project are trusted, and an artifact has exactly the digest
 * of the image, or of an index that led to it (an index names its children by content). One is enough, whatever the others
 * say. Throws what the evidence throws.
 */
export async function trustedBuilds(evidence: Evidence, trust: BuildTrust): Promise<TrustedBuilds> {
  const unset = unsetSetting(trust);
  if (unset !== undefined) return { outcome: fail(`${unset} is not set, so no build is trusted`) };
  const builds = await evidence.builds();
  if ("awaiting" in builds) return { outcome: waitingFor(builds) };
  if (builds.found.length === 0) return { outcome: pending("build", NONE) };
  const judged = builds.found.map((record) => ({
    record,
    objection: objectionTo(record, evidence.image, trust),
  }));
  const records = judged.flatMap(({ record, objection }) => (objection === undefined ? [record] : []));
  if (records.length > 0) return { records };
  const found = judged.map(({ record, objection }) => `${plain(record.id)} ${objection}`);
  return { outcome: fail(`no build record is trusted: ${listed(found, SHOWN, "; ")}`) };
}

const NONE =
  "there is no build record of this image yet (Cloud Build writes none for an image that a build step pushed itself)";

function unsetSetting({ trustedBuilderIdentities, trustedProjects }: BuildTrust): string | undefined {
  if (trustedBuilderIdentities.length === 0) return "trusted_builder_identities";
  return trustedProjects.length === 0 ? "trusted_projects" : undefined;
}

/** Why `record` does not vouch for `image`; `undefined` where it does. */
function objectionTo(
  { builder, project, artifacts }: BuildRecord,
  { reference, via }: PlatformImage,
  { trustedBuilderIdentities, trustedProjects }: BuildTrust,
): string | undefined {
  if (!builder) return "names no builder";
  if (!trustedBuilderIdentities.includes(builder)) {
    return `was built by ${quote(builder)}, whom trusted_builder_identities does not name`;
  }
  if (!project) return "names no project";
  if (!trustedProjects.includes(project)) {
    return `was built in the project ${quote(project)}, which trusted_projects does not name`;
  }
  const digests: readonly string[] = [reference.digest, ...via];
  if (artifacts.some((artifact) => digests.includes(artifact))) return undefined;
  if (artifacts.length === 0) return "lists no artifact";
  return `is of other artifacts (${listed(artifacts.map(quote), SHOWN)})`;
}
