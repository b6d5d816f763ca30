/**
 * What a world is made of and what befalls it, drawn from a seed before anything runs. Times are milliseconds of virtual
 * time. Images go by short names here (`img1`, `idx2`); only `contents.ts` knows their bytes and digests.
 */
export interface History {
  readonly seed: number;
  readonly settings: Settings;
  readonly repositories: readonly Repository[];
  readonly contents: readonly Content[];
  /** In the order of time. */
  readonly happenings: readonly Happening[];
  readonly weather: Weather;
}

export type CheckName = "diy" | "nobody" | "snakeoil" | "provenance";

/** What the users of this world have configured. */
export interface Settings {
  readonly checks: readonly CheckName[];
  readonly platforms: {
    readonly select: "all" | readonly string[];
    readonly index: "all" | "selected" | "never";
  };
  /** `snakeoil.platforms`. */
  readonly scanned: "all" | readonly string[];
  readonly validRepos: boolean;
  readonly waitingTopic: boolean;
  readonly deadLetterTopic: boolean;
  readonly verdictTopic: boolean;
  readonly maxAttempts: number | undefined;
  readonly maxMinutes: number;
  /** How the services behave that are within their rights to behave so. */
  readonly services: {
    /** The open-source server shows at once what is written, and knows no conflict; it announces nothing, and has no filters. */
    readonly server: "Container Analysis" | "open source";
    /** What makes a second attestation a conflict: its note and image alone, or these and the keys that signed it. */
    readonly conflict: "place" | "keys";
    /** How long the tokens that registries ask for are good; without, they ask for none. */
    readonly tokenSeconds: number | undefined;
    /** For how many images a list may ask before it is refused. */
    readonly longestFilter: number;
    /** The most occurrences on a page of a list. */
    readonly page: number;
    /** How often the push subscription and the waiting one deliver a message before Pub/Sub itself gives it up. */
    readonly attempts: number;
    readonly waitingAttempts: number;
    /** How many instances may run at once, and how many deliveries in each. */
    readonly instances: number;
    readonly concurrency: number;
    /** How far the clock of an instance may be off, in milliseconds. */
    readonly skew: number;
  };
}

export type ContentName = string;

export type Content =
  | {
      readonly name: ContentName;
      readonly kind: "image";
      readonly platform: string;
      /** `config.User`. */
      readonly user: string;
    }
  | {
      readonly name: ContentName;
      readonly kind: "index";
      readonly children: readonly ContentName[];
      /** Whether BuildKit put an attestation manifest beside each image. */
      readonly attestations: boolean;
    }
  | { readonly name: ContentName; readonly kind: "artifact" };

/** A repository, by its full name, and how it stands to `valid_repos`. */
export interface Repository {
  readonly name: string;
  readonly standing: "ours" | "beside ours" | "on a strange host";
}

/** What is in a repository. */
export interface Place {
  readonly repository: string;
  readonly content: ContentName;
}

export type ScanState = "pending" | "scanning" | "clean" | "vulnerable" | "failed" | "unsupported" | "stale";

export type Happening = { readonly at: number } & (
  | { readonly kind: "upload"; readonly place: Place }
  | { readonly kind: "event"; readonly event: PushEvent }
  /** A scan gets so far; lists show it `lag` later. */
  | { readonly kind: "scan"; readonly place: Place; readonly state: ScanState; readonly lag: number }
  /** A build record is written; lists show it `lag` later. */
  | { readonly kind: "build"; readonly place: Place; readonly trusted: boolean; readonly lag: number }
  /** Somebody else puts an attestation where ours belongs, if nothing stands there; lists show it `lag` later. */
  | {
      readonly kind: "foreign";
      readonly place: Place;
      readonly check: CheckName;
      readonly by: "a stranger" | "an impostor" | "another check" | "another image" | "nobody";
      readonly lag: number;
    }
  /** Somebody withdraws the attestations of a check, whoever made them; lists go on to show them for `lag`. */
  | { readonly kind: "withdrawal"; readonly place: Place; readonly check: CheckName; readonly lag: number }
  | ({ readonly kind: "rotation" } & Rotation)
  /** Everything that was announced so far, or what was given up, is fed again. */
  | {
      readonly kind: "replay";
      readonly of: "history" | "dead letters";
      readonly how: "topic" | "in process";
      readonly concurrency: number;
    }
);

/** What a registry announces. */
export type PushEvent =
  | { readonly kind: "push"; readonly place: Place; readonly tag: string | undefined }
  /** A tag under which signatures are kept. */
  | { readonly kind: "companion"; readonly place: Place }
  | { readonly kind: "delete"; readonly place: Place }
  | { readonly kind: "tag only"; readonly place: Place }
  /** What no registry sends. */
  | { readonly kind: "junk"; readonly data: string };

/** How long after a rotation the last that the old configuration has set going may still arrive, in milliseconds. */
export const AFTERMATH_MS = 300_000;

/** The signer's keys of some checks are replaced. */
export interface Rotation {
  readonly checks: readonly CheckName[];
  /** Whether the old keys stay trusted. */
  readonly oldTrusted: boolean;
  /** How long instances that know of nothing go on. */
  readonly overlap: number;
}

/** What is called: of Container Analysis reads and writes apart, since it may serve the ones and refuse the others. */
export type PortName = "registry" | "reads" | "writes" | "signer" | "keys" | "publisher";

/** How much goes wrong, and when. Outside of storms calls are served, sooner or later. */
export interface Weather {
  readonly storms: readonly Storm[];
  /** How long a call takes at most where nothing is wrong. */
  readonly latency: number;
  /** How long an attestation may stay invisible to lists. */
  readonly lag: number;
  /** The share of messages that are delivered twice. */
  readonly twice: number;
}

export interface Storm {
  readonly from: number;
  readonly to: number;
  /** The share of calls that go wrong, by port. */
  readonly faults: { readonly [port in PortName]: number };
  /** The share of calls at which the instance that calls is killed. */
  readonly kills: number;
}
