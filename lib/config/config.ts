import type { Limits } from "../image/limits.ts";
import type { Platform } from "../image/platform.ts";
import type { ValidRepos } from "../image/valid-repos.ts";

/** What `select` and `snakeoil.platforms` name. */
export type PlatformSelection = "all" | readonly Platform[];

/** A check's key file; `path` is absolute. */
export interface KeyFile {
  readonly check: string;
  readonly path: string;
}

/** A public key that counts for a check besides the signer's own. */
export interface TrustedKey extends KeyFile {
  readonly id?: string;
}

/** Where a service is asked; without a trailing slash, `http://` for loopback hosts only. */
export interface Service {
  readonly endpoint: string;
}

/** The configuration as the program uses it: every default filled in, plain data. */
export interface Config {
  readonly dryrun: boolean;
  readonly scanner: "metadata";
  readonly failon?: "negligible" | "low" | "medium" | "unknown" | "high" | "critical";
  /** Undefined where the list is not set: no host is excluded then. */
  readonly validRepos?: ValidRepos;
  readonly trustedBuilderIdentities: readonly string[];
  readonly trustedProjects: readonly string[];
  readonly binauthProject?: string;
  readonly imageProject?: string;
  readonly metadataClient: "containeranalysis" | "grafeasos" | "oci";
  readonly containeranalysis: Service & { readonly buildDetailFallbackProject?: string };
  readonly grafeasos: { readonly hostname?: string; readonly version?: string; readonly vulProject?: string };
  readonly oci: { readonly verifierId?: string; readonly repository?: string; readonly cosignTags: boolean };
  readonly signer: "pgp" | "kms" | "pkix";
  readonly kms: Service;
  readonly kmsKeys: readonly (KeyFile & { readonly algo?: string })[];
  readonly pkixKeys: readonly KeyFile[];
  readonly trustedKeys: readonly TrustedKey[];
  readonly allowSharedKeys: boolean;
  /** The group `all`: the names of the enabled checks, in the order of the file. */
  readonly all: readonly string[];
  /** The groups of `[required.<env>]`. Look names up with `groupsOf`, which no name from outside can trick. */
  readonly required: { readonly [group: string]: readonly string[] };
  readonly customChecks: readonly {
    readonly name: string;
    readonly module: string;
    readonly options?: unknown;
  }[];
  readonly repositories: { readonly [alias: string]: { readonly orgUrl: string } };
  readonly github: Service;
  readonly snakeoil: {
    readonly onlyFixable: boolean;
    readonly platforms: PlatformSelection;
    /** `expires` is an ISO 8601 instant; from then on the entry counts no more. */
    readonly allow: readonly { readonly id: string; readonly reason: string; readonly expires: string }[];
  };
  readonly approved: { readonly head: "exact" | "ancestor" };
  readonly platforms: { readonly select: PlatformSelection; readonly index: "all" | "selected" | "never" };
  readonly limits: Limits & { readonly timeoutSeconds: number };
  readonly registry: {
    readonly insecure: readonly string[];
    readonly secure: readonly string[];
    readonly trustedRealms: readonly string[];
  };
  readonly events: {
    readonly pushTopic?: string;
    readonly waitingTopic?: string;
    readonly deadLetterTopic?: string;
    readonly verdictTopic?: string;
    readonly maxAttempts?: number;
  };
  readonly pending: { readonly maxMinutes: number };
  readonly server: {
    /** Where Voucher listened. A function listens where its host says. */
    readonly port?: number;
    readonly timeoutSeconds: number;
    readonly requireAuth: boolean;
    readonly username?: string;
    /** A bcrypt hash. */
    readonly password?: string;
    readonly auth: "basic" | "oidc";
    readonly audience?: string;
    readonly allowedEmails: readonly string[];
  };
  readonly pubsub: {
    readonly project?: string;
    readonly subscription?: string;
    readonly timeoutSeconds: number;
  };
  readonly ejson: { readonly dir?: string; readonly secrets?: string };
  readonly sops: { readonly file?: string };
  /** A file in plain, and where Secret Manager is asked for `sm://` references. */
  readonly secrets: Service & { readonly file?: string };
  readonly metrics: {
    readonly backend?: "statsd" | "datadog" | "opentelemetry";
    readonly tags: readonly string[];
  };
  readonly statsd: { readonly addr?: string; readonly sampleRate: number };
  readonly opentelemetry: {
    readonly addr?: string;
    readonly insecure: boolean;
    readonly intervalSeconds: number;
  };
  readonly datadog: Service;
  readonly webhooks: { readonly [source: string]: { readonly secret?: string } };
}
