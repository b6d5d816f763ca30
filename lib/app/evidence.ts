import type { Config } from "../config/config.ts";
import { createAnnouncements } from "../evidence/announced.ts";
import { createEvidenceSource } from "../evidence/evidence.ts";
import { createCommitSource } from "../evidence/github.ts";
import { parseGitHubEndpoint } from "../evidence/github-endpoint.ts";
import { parseEndpoint } from "../google/endpoint.ts";
import { createRest } from "../google/rest.ts";
import { createArtifactAnalysis } from "../grafeas/artifact-analysis.ts";
import { createOpenSourceGrafeas } from "../grafeas/open-source.ts";
import { openSourceEndpoint } from "../grafeas/open-source-endpoint.ts";
import type { OccurrenceSource } from "../grafeas/reader.ts";
import type { Announcements, EvidenceSource } from "../ports.ts";
import type { Means } from "./means.ts";
import { signInFor } from "./secrets.ts";

/** Where facts about images come from, and who says that there are new ones. */
export interface Facts {
  readonly evidence: EvidenceSource;
  readonly announcements: Announcements;
}

/** Wires the collectors of evidence. Nothing is asked before a check needs it. Throws `config`. */
export function factsOf(config: Config, means: Means, now: () => Date): Facts {
  const occurrences = occurrencesOf(config, means);
  const commitOf = createCommitSource({
    endpoint: parseGitHubEndpoint(config.github.endpoint),
    onRequest: () => means.observer.request("github"),
    signInFor: (owner) => signInFor(owner, config, means.secrets),
    proxies: means.proxies,
  });
  const evidence = createEvidenceSource(now, {
    occurrences,
    commitOf,
    imageProject: config.imageProject,
    buildDetailFallbackProject: config.containeranalysis.buildDetailFallbackProject,
    vulnerabilityProject: config.grafeasos.vulProject,
  });
  return { evidence, announcements: createAnnouncements(occurrences) };
}

function occurrencesOf(config: Config, { google, observer, proxies }: Means): OccurrenceSource {
  const sender = { credentials: google, proxies, onRequest: () => observer.request("evidence") };
  if (config.metadataClient === "grafeasos") {
    const { hostname = "", version } = config.grafeasos;
    const rest = createRest({ ...sender, endpoint: openSourceEndpoint(hostname, version) });
    return createOpenSourceGrafeas({ rest, observer });
  }
  const endpoint = parseEndpoint(config.containeranalysis.endpoint, "containeranalysis.endpoint");
  return createArtifactAnalysis({ rest: createRest({ ...sender, endpoint }), observer });
}
