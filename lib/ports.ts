import type { Attestation, Signature, StoredAttestation } from "./attest/attestation.ts";
import type { Format } from "./attest/claim.ts";
import type { Envelope } from "./attest/dsse.ts";
import type { VoucherError } from "./errors.ts";
import type { ImageConfig } from "./image/image-config.ts";
import type { Canonical, Reference } from "./image/reference.ts";
import type { PlatformImage, ResolvedImage } from "./image/resolved.ts";

export type {
  About,
  Counted,
  Followed,
  Log,
  Observer,
  Service,
  Severity,
  Stage,
  Timed,
  Took,
  Trail,
} from "./observer.ts";

/** Turns names into images: every platform of an index, every byte verified against its digest. */
export interface Resolver {
  /**
   * Returns what `reference` names. A child that cannot be read is part of the answer; a fault of the named content
   * itself is thrown as a VoucherError.
   */
  resolve(reference: Reference, signal: AbortSignal): Promise<ResolvedImage>;
}

/** Evidence that is there; or that is not there yet, and what it waits for. */
export type Found<T> =
  | { readonly found: T }
  | { readonly awaiting: Awaiting; readonly reason: string; readonly since?: Date };

/** What a review can wait for: a build record to be written, a scan to finish, CI to finish on a commit. */
export const AWAITED = ["build", "scan", "ci"] as const;
export type Awaiting = (typeof AWAITED)[number];

/** Where an image's source is kept, as whoever built it recorded it. */
export interface Source {
  /** The repository's address as recorded: an https, ssh or git URL. */
  readonly url: string;
  readonly revision: string;
}

/** What a builder says of one build: a build record of Google's, or SLSA provenance. */
export interface BuildRecord {
  /** The store's own name for it. */
  readonly id: string;
  /** Who built: the record's creator, or the provenance's builder id. */
  readonly builder?: string;
  /** The project that it was built in, where the record says so. */
  readonly project?: string;
  /** Digests of what was built, as recorded: compare, never trust. */
  readonly artifacts: readonly string[];
  readonly sources: readonly Source[];
}

/** In Voucher's order, from the least to the worst; `unknown` stands where Voucher puts it. */
export const SEVERITIES = ["negligible", "low", "medium", "unknown", "high", "critical"] as const;
export type VulnerabilitySeverity = (typeof SEVERITIES)[number];

/** One vulnerability of one package of an image. */
export interface Vulnerability {
  /** Mostly `CVE-…`, also `GHSA-…` and others. */
  readonly id: string;
  readonly severity: VulnerabilitySeverity;
  readonly package: string;
  /** Whether a version without it exists. */
  readonly fixable: boolean;
  readonly fixedIn?: string;
}

/** What the source host knows of a commit. */
export interface Commit {
  /** `owner/name`, as the host spells it. */
  readonly repository: string;
  readonly defaultBranch: string;
  /** Where the commit stands to the default branch: its head, behind its head, or not on it. */
  readonly position: "head" | "ancestor" | "elsewhere";
  readonly signature: "valid" | "invalid" | "none";
  /** The pull requests that the commit belongs to. */
  readonly pullRequests: readonly PullRequest[];
  /** Every check run and status, summed up; `none` where there is not one. */
  readonly ci: {
    readonly state: "passed" | "failed" | "running" | "none";
    readonly failing: readonly string[];
  };
}

export interface PullRequest {
  readonly number: number;
  readonly merged: boolean;
  /** Whether this very commit is the one that merged it. */
  readonly mergedByThisCommit: boolean;
  readonly intoDefaultBranch: boolean;
  readonly author?: string;
  /** How many approvals the branch asks for, where the source host tells. */
  readonly requiredApprovals?: number;
  /** Every review, oldest first. */
  readonly reviews: readonly { readonly reviewer: string; readonly state: ReviewState }[];
}

export type ReviewState = "approved" | "changes-requested" | "dismissed" | "commented" | "pending";

/** Facts about one platform image, each fetched once however many checks ask. What cannot be fetched is thrown. */
export interface Evidence {
  readonly image: PlatformImage;
  /** The moment of the review, for everything that expires. */
  readonly at: Date;
  imageConfig(): Promise<ImageConfig>;
  /** The build records of this digest, or, where it has none, of the indexes that led to it. */
  builds(): Promise<Found<readonly BuildRecord[]>>;
  /** The vulnerabilities of this very digest: scans of an index say nothing of its platforms. */
  vulnerabilities(): Promise<Found<readonly Vulnerability[]>>;
  commit(source: Source): Promise<Commit>;
}

/** Gathers evidence for a whole review, so that it can ask in batches. */
export interface EvidenceSource {
  /** Returns the evidence of each image, in their order. Nothing is asked for before a check needs it. */
  of(images: readonly PlatformImage[], signal: AbortSignal): readonly Evidence[];
}

/** What an occurrence of a scan or a build speaks of. */
export interface Announced {
  readonly image: Canonical;
  /** Whether it says that the evidence is still to come: a scan that waits or runs. */
  readonly unfinished: boolean;
}

/** Reads the occurrences that Container Analysis announces. */
export interface Announcements {
  /** Returns what the occurrence `name` speaks of; `undefined` where that is no image, or it is gone. */
  read(name: string, signal: AbortSignal): Promise<Announced | undefined>;
}

/** Signs for a check, with that check's own key. */
export interface Signer {
  /** Throws `key` where the check has no usable key. */
  sign(checkName: string, bytes: Uint8Array, signal: AbortSignal): Promise<Signature>;
}

/** Whether a signature is one of a key that this configuration trusts for a check. */
export type KeyVerdict =
  | { readonly counts: true; readonly keyId: string }
  | { readonly counts: false; readonly reason: string };

/** The keys that are trusted, each for its check. */
export interface KeyRing {
  verify(
    checkName: string,
    bytes: Uint8Array,
    signature: Signature,
    signal: AbortSignal,
  ): Promise<KeyVerdict>;
}

/** An attestation to store, and the stored one whose place it takes, where there is one. */
export interface Put {
  readonly attestation: Attestation;
  readonly replaces?: { readonly stored: StoredAttestation; readonly keep: readonly Signature[] };
}

/** What became of one {@link Put}. `conflict`: another attestation stands in its place. */
export type PutAnswer =
  | { readonly status: "stored" | "conflict" }
  | { readonly status: "failed"; readonly error: VoucherError };

/** What attestations of a check stand under (a note, in Grafeas), and whether it was there before. */
export interface Prepared {
  readonly checkName: string;
  /** The store's own name for it. */
  readonly name: string;
  readonly status: "created" | "existed";
}

/** An image that something is attested of, and since when: when the attestation was made, or last replaced. */
export interface AttestedImage {
  readonly image: Canonical;
  readonly since?: Date;
}

/** Where attestations live. It stores and finds; it never judges. */
export interface AttestationStore {
  /** What its attestations say, and how. */
  readonly format: Format;
  /** Every attestation of the named checks on the named digests, whoever made it. */
  list(
    subjects: readonly Canonical[],
    checkNames: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly StoredAttestation[]>;
  /**
   * Every image that has an attestation of this check, whoever made it, each once. Absent where a store cannot tell: it keeps
   * attestations beside each image, and knows of no list of them.
   */
  attested?(checkName: string, signal: AbortSignal): Promise<readonly AttestedImage[]>;
  /** Stores each one that it can; answers in the order of `puts` and never throws for a single one. */
  put(puts: readonly Put[], signal: AbortSignal): Promise<readonly PutAnswer[]>;
  /** Takes an attestation away, whatever signatures it has. Returns also where it was gone already. */
  remove(stored: StoredAttestation, signal: AbortSignal): Promise<void>;
  /** Makes what attestations of these checks need before there can be one. */
  prepare(checkNames: readonly string[], signal: AbortSignal): Promise<readonly Prepared[]>;
}

/** Signed statements that stand beside images, whoever wrote them and whatever they say. None of them is verified. */
export interface StatementSource {
  of(subject: Canonical, signal: AbortSignal): Promise<readonly Envelope[]>;
}

/** The topics that Voucher publishes to: registry events, events that wait, events that are given up, verdicts. */
export type Topic = "push" | "waiting" | "dead-letter" | "verdict";

export interface Message {
  readonly data: Uint8Array;
  readonly attributes: { readonly [name: string]: string };
}

/** Publishes to the topics that are configured. */
export interface Publisher {
  has(topic: Topic): boolean;
  /** Returns when the topic has accepted the message; throws where it has not. */
  publish(topic: Topic, message: Message, signal: AbortSignal): Promise<void>;
}

export interface Clock {
  now(): Date;
  /** A signal that aborts after `milliseconds`. */
  deadline(milliseconds: number): AbortSignal;
}
