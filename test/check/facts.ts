import type { ImageConfig } from "../../lib/image/image-config.ts";
import type { PlatformImage } from "../../lib/image/resolved.ts";
import type {
  BuildRecord,
  Commit,
  Evidence,
  Found,
  PullRequest,
  Source,
  Vulnerability,
} from "../../lib/ports.ts";
import { platformImage } from "../support/fake-images.ts";

/** What the evidence of a test says. Whatever is left out must not be asked for: asking throws. */
export interface Facts {
  readonly image?: PlatformImage;
  readonly at?: Date;
  readonly imageConfig?: ImageConfig;
  readonly builds?: Found<readonly BuildRecord[]>;
  readonly vulnerabilities?: Found<readonly Vulnerability[]>;
  readonly commit?: (source: Source) => Commit;
}

export const AT = new Date("2026-11-25T12:00:00Z");
export const IMAGE = platformImage("linux/amd64", { user: "10001" });
export const BUILDER = "builder@acme.iam.gserviceaccount.com";
export const PROJECT = "acme-builds";
export const TRUST = { trustedBuilderIdentities: [BUILDER], trustedProjects: [PROJECT] };
export const SOURCE: Source = {
  url: "https://github.com/acme/app",
  revision: "0123456789abcdef0123456789abcdef01234567",
};

export function evidenceWith(facts: Facts): Evidence {
  const { image = IMAGE, at = AT } = facts;
  return {
    image,
    at,
    imageConfig: async () => known(facts.imageConfig),
    builds: async () => known(facts.builds),
    vulnerabilities: async () => known(facts.vulnerabilities),
    commit: async (source) => known(facts.commit)(source),
  };
}

/** A build record that is trusted for {@link IMAGE}. */
export function build(more: Partial<BuildRecord> = {}): BuildRecord {
  return {
    id: "projects/acme-builds/occurrences/1",
    builder: BUILDER,
    project: PROJECT,
    artifacts: [IMAGE.reference.digest],
    sources: [SOURCE],
    ...more,
  };
}

/** A commit that is approved. */
export function commit(more: Partial<Commit> = {}): Commit {
  return {
    repository: "acme/app",
    defaultBranch: "main",
    position: "head",
    signature: "valid",
    pullRequests: [pullRequest()],
    ci: { state: "passed", failing: [] },
    ...more,
  };
}

/** A pull request that is merged and approved. */
export function pullRequest(more: Partial<PullRequest> = {}): PullRequest {
  return {
    number: 7,
    merged: true,
    mergedByThisCommit: true,
    intoDefaultBranch: true,
    author: "ada",
    reviews: [{ reviewer: "grace", state: "approved" }],
    ...more,
  };
}

function known<T>(fact: T | undefined): T {
  if (fact === undefined) throw new Error("this evidence was not to be asked for");
  return fact;
}
