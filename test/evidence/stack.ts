import { expect, onTestFinished } from "vitest";
import { createEvidenceSource, type EvidenceOptions } from "../../lib/evidence/evidence.ts";
import { createArtifactAnalysis } from "../../lib/grafeas/artifact-analysis.ts";
import { type Digest, digestOf } from "../../lib/image/digest.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { PlatformImage } from "../../lib/image/resolved.ts";
import { type GrafeasOptions, startGrafeas } from "../../lib/local/grafeas.ts";
import type { LocalRequest } from "../../lib/local/server.ts";
import { restTo } from "../google/scripted.ts";
import { platformImage, REPOSITORY } from "../support/fake-images.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

/** The project in the name of the images of these tests. */
export const PROJECT = "project";
export const AT = new Date("2026-11-25T12:00:00Z");
export const SCAN_NOTE = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
export const FINISHED = { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" };

const EIGHT = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/386",
  "linux/ppc64le",
  "linux/s390x",
  "linux/riscv64",
];

export const INDEX: Digest = digestOf(Buffer.from("an index"));

/** The images of an index of `count` platforms, linux/amd64 first. */
export function platformsOfIndex(count = EIGHT.length, repository = REPOSITORY): readonly PlatformImage[] {
  return EIGHT.slice(0, count).map((platform) => platformImage(platform, { repository, via: [INDEX] }));
}

/** An embedded Grafeas, evidence gathered from it, and every request that this took. */
export async function startEvidence(options: EvidenceOptions = {}, serving: GrafeasOptions = {}) {
  const requests: LocalRequest[] = [];
  const grafeas = await startGrafeas({
    ...serving,
    before: async (request) => {
      requests.push(request);
      return serving.before?.(request);
    },
  });
  onTestFinished(() => grafeas.close());
  const observer = recordingObserver();
  const rest = restTo({ base: grafeas.url, local: true });
  const occurrences = createArtifactAnalysis({ rest, observer });
  const source = createEvidenceSource(() => AT, { occurrences, ...options });
  return {
    requests,
    observer,
    occurrences,
    grafeas,
    of: (images: readonly PlatformImage[]) => source.of(images, unhurried()),
    /** The evidence of one image in a review of its own. */
    ofOne(image: PlatformImage) {
      const [evidence] = source.of([image], unhurried());
      if (evidence === undefined) throw new Error("no evidence was made");
      return evidence;
    },
    /** Writes an occurrence, as `kind` in `content` says, on `image`. Fails where Google's schema does not allow it. */
    seed(image: Reference, noteName: string, content: object, project = PROJECT) {
      const document = { noteName, resourceUri: `https://${formatReference(image)}`, ...content };
      expect(protoJsonErrors("grafeas.v1.Occurrence", document)).toEqual([]);
      return grafeas.seed(project, document);
    },
    /** The lists of `kind` that were asked for, each as the digests in it. */
    lists: (kind: string) =>
      requests
        .map(({ query }) => query.get("filter") ?? "")
        .filter((filter) => filter.includes(`kind="${kind}"`))
        .map((filter) => [...new Set(filter.match(/sha256:[0-9a-f]{64}/g))]),
  };
}

export type Stack = Awaited<ReturnType<typeof startEvidence>>;

export function seedScan({ seed }: Stack, image: Reference, discovery: object = FINISHED, project = PROJECT) {
  return seed(image, SCAN_NOTE, { discovery }, project);
}

export function seedVulnerability({ seed }: Stack, image: Reference, id: string, vulnerability: object = {}) {
  const packageIssue = [{ affectedPackage: "openssl", effectiveSeverity: "HIGH" }];
  return seed(image, `projects/goog-vulnz/notes/${id}`, {
    vulnerability: { packageIssue, ...vulnerability },
  });
}

export function seedBuild({ seed }: Stack, image: Reference, build: object = {}, project = PROJECT) {
  const provenance = {
    projectId: "builds",
    creator: "builder@example.com",
    builtArtifacts: [{ checksum: image.digest ?? "", id: formatReference(image) }],
  };
  return seed(image, "projects/builder/notes/build", { build: { provenance, ...build } }, project);
}

export const unhurried = () => new AbortController().signal;
