import type { Digest } from "../../lib/image/digest.ts";
import { helmChart, type Sample, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import type { Content, ContentName } from "./history.ts";

/** One document as a registry keeps it. */
export interface StoredDocument {
  readonly kind: "manifests" | "blobs";
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** The bytes behind the short names of a history. */
export interface Contents {
  digestOf(name: ContentName): Digest;
  /** The short name of a digest, for people. */
  nameOf(digest: string): string;
  /** What an upload of `name` brings into a repository: itself and its config, and for an index not its children. */
  documentsOf(name: ContentName): readonly StoredDocument[];
}

export function contentsOf(contents: readonly Content[]): Contents {
  const samples = new Map<ContentName, Sample>();
  for (const content of contents) samples.set(content.name, sampleOf(content, samples));
  const names = new Map([...samples].map(([name, sample]) => [sample.root.digest, name]));
  const sampleNamed = (name: ContentName): Sample => {
    const sample = samples.get(name);
    if (sample === undefined) throw new Error(`the history has no ${name}`);
    return sample;
  };
  return {
    digestOf: (name) => sampleNamed(name).root.digest,
    nameOf: (digest) => names.get(digest as Digest) ?? digest.slice(0, 15),
    documentsOf(name) {
      const content = contents.find((one) => one.name === name);
      const apart = new Set(
        content?.kind === "index" ? content.children.flatMap((child) => digestsIn(sampleNamed(child))) : [],
      );
      return documentsIn(sampleNamed(name)).filter(({ digest }) => !apart.has(digest));
    },
  };
}

/** Images recur from seed to seed, and to make them takes longer than all that is done with them. */
const made = new Map<string, Sample>();

function sampleOf(content: Content, others: ReadonlyMap<ContentName, Sample>): Sample {
  if (content.kind === "index") {
    const images = content.children.flatMap((child) => others.get(child) ?? []);
    // Two indexes that list the same must not be one.
    const annotations = { "org.opencontainers.image.title": content.name };
    return sampleIndex({ images, attestations: content.attestations, annotations });
  }
  const key = JSON.stringify(content);
  const sample = made.get(key) ?? newSample(content);
  made.set(key, sample);
  return sample;
}

function newSample(content: Exclude<Content, { kind: "index" }>): Sample {
  if (content.kind === "artifact") return helmChart(content.name);
  const { name, platform, user } = content;
  return sampleImage({ platform, user, files: { "etc/motd": name } });
}

function documentsIn({ manifests, blobs }: Sample): readonly StoredDocument[] {
  return [
    ...manifests.map(({ digest, bytes, mediaType }) => ({
      kind: "manifests" as const,
      digest,
      bytes,
      mediaType,
    })),
    ...blobs.map(({ digest, bytes }) => ({
      kind: "blobs" as const,
      digest,
      bytes,
      mediaType: "application/octet-stream",
    })),
  ];
}

function digestsIn({ manifests, blobs }: Sample): readonly Digest[] {
  return [...manifests, ...blobs].map(({ digest }) => digest);
}
