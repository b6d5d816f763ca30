import { resolve } from "node:path";
import { DEFAULT_LIMITS } from "../image/limits.ts";
import type { Platform } from "../image/platform.ts";
import { compact, mapValues } from "./compact.ts";
import type { Config, PlatformSelection } from "./config.ts";
import { enabledIn } from "./groups.ts";
import type { FileConfig } from "./schema.ts";

/** What stands above the file. */
export interface Overrides {
  readonly dryrun?: boolean;
  /** Reviews these platforms only and never attests the index: `--platform`, or single-target mode. */
  readonly platforms?: readonly Platform[];
  readonly timeoutSeconds?: number;
}

const DEADLINE_SECONDS = 240;

/** Fills in the defaults. Paths become absolute, from `folder`. */
export function toConfig(file: FileConfig, folder: string, overrides: Overrides): Config {
  const { events, metrics, server, pubsub, ejson, oci, grafeasos } = file;
  const from = (path: string) => resolve(folder, path);
  const timeoutSeconds = overrides.timeoutSeconds ?? file.limits?.timeout_seconds ?? DEADLINE_SECONDS;
  const optionalPath = (path: string | undefined) => (path === undefined ? undefined : from(path));
  return compact({
    dryrun: overrides.dryrun ?? file.dryrun ?? false,
    scanner: "metadata" as const,
    failon: file.failon,
    validRepos: file.valid_repos,
    trustedBuilderIdentities: file.trusted_builder_identities ?? [],
    trustedProjects: file.trusted_projects ?? [],
    binauthProject: file.binauth_project,
    imageProject: file.image_project,
    metadataClient: metadataClientOf(file),
    containeranalysis: compact({
      endpoint: file.containeranalysis?.endpoint ?? "https://containeranalysis.googleapis.com",
      buildDetailFallbackProject: file.containeranalysis?.build_detail_fallback_project,
    }),
    grafeasos: compact({
      hostname: grafeasos?.hostname,
      version: grafeasos?.version,
      vulProject: grafeasos?.vul_project,
    }),
    oci: compact({
      verifierId: oci?.verifier_id,
      repository: oci?.repository,
      cosignTags: oci?.cosign_tags ?? false,
    }),
    signer: signerOf(file),
    kms: { endpoint: file.kms?.endpoint ?? "https://cloudkms.googleapis.com" },
    kmsKeys: (file.kms_keys ?? []).map(({ check, path, algo }) => compact({ check, path, algo })),
    pkixKeys: (file.pkix_keys ?? []).map(({ check, path }) => ({ check, path: from(path) })),
    trustedKeys: (file.trusted_keys ?? []).map(({ check, path, id }) =>
      compact({ check, path: from(path), id }),
    ),
    allowSharedKeys: file.allow_shared_keys ?? false,
    all: enabledIn(file.checks),
    required: mapValues(file.required, enabledIn),
    customChecks: Object.entries(file.checks ?? {}).flatMap(([name, setting]) =>
      typeof setting === "boolean"
        ? []
        : [compact({ name, module: from(setting.module), options: setting.options })],
    ),
    repositories: mapValues(file.repository, (entry) => ({ orgUrl: entry["org-url"] })),
    github: { endpoint: file.github?.endpoint ?? "https://api.github.com/graphql" },
    snakeoil: {
      onlyFixable: file.snakeoil?.only_fixable ?? false,
      platforms: file.snakeoil?.platforms ?? ("all" as const),
      allow: file.snakeoil?.allow ?? [],
    },
    approved: { head: file.approved?.head ?? ("exact" as const) },
    platforms: platformsOf(file, overrides),
    limits: limitsOf(file, timeoutSeconds),
    registry: {
      insecure: file.registry?.insecure ?? [],
      secure: file.registry?.secure ?? [],
      trustedRealms: file.registry?.trusted_realms ?? [],
    },
    events: compact({
      pushTopic: events?.push_topic,
      waitingTopic: events?.waiting_topic,
      deadLetterTopic: events?.dead_letter_topic,
      verdictTopic: events?.verdict_topic,
      maxAttempts: events?.max_attempts,
    }),
    pending: { maxMinutes: file.pending?.max_minutes ?? 60 },
    server: compact({
      port: server?.port,
      timeoutSeconds: server?.timeout ?? timeoutSeconds,
      requireAuth: server?.require_auth ?? false,
      username: server?.username,
      password: server?.password,
      auth: server?.auth ?? ("basic" as const),
      audience: server?.audience,
      allowedEmails: server?.allowed_emails ?? [],
    }),
    pubsub: compact({
      project: pubsub?.project,
      subscription: pubsub?.subscription,
      timeoutSeconds: pubsub?.timeout ?? timeoutSeconds,
    }),
    ejson: compact({ dir: optionalPath(ejson?.dir), secrets: optionalPath(ejson?.secrets) }),
    sops: compact({ file: optionalPath(file.sops?.file) }),
    secrets: compact({
      file: optionalPath(file.secrets?.file),
      endpoint: file.secrets?.endpoint ?? "https://secretmanager.googleapis.com",
    }),
    metrics: compact({ backend: metricsBackendOf(file), tags: metrics?.tags ?? [] }),
    statsd: compact({ addr: file.statsd?.addr, sampleRate: file.statsd?.sample_rate ?? 1 }),
    opentelemetry: compact({
      addr: file.opentelemetry?.addr,
      insecure: file.opentelemetry?.insecure ?? false,
      intervalSeconds: file.opentelemetry?.interval ?? 60,
    }),
    datadog: { endpoint: file.datadog?.endpoint ?? "https://api.datadoghq.com" },
    webhooks: mapValues(file.webhook, (webhook) => compact({ secret: webhook?.secret })),
  });
}

/** Voucher signs with PGP unless told otherwise. */
export function signerOf(file: FileConfig): Config["signer"] {
  return file.signer ?? "pgp";
}

export function metadataClientOf(file: FileConfig): Config["metadataClient"] {
  return file.metadata_client ?? "containeranalysis";
}

/** Whether attestations have a place to go. */
export function hasStore(file: FileConfig): boolean {
  return file.binauth_project !== undefined || metadataClientOf(file) === "oci";
}

/** The platforms to review and the policy of the index; single-target mode never attests an index. */
export function platformsOf(file: FileConfig, overrides: Overrides): Config["platforms"] {
  if (overrides.platforms !== undefined) return { select: overrides.platforms, index: "never" };
  const select: PlatformSelection = file.platforms?.select ?? "all";
  return { select, index: file.platforms?.index ?? "all" };
}

/** The backend that is named, or statsd where only its address is: that is enough for Voucher. */
export function metricsBackendOf(file: FileConfig): Config["metrics"]["backend"] {
  const backend = file.metrics?.backend;
  if (backend === "otel") return "opentelemetry";
  return backend ?? (file.statsd?.addr === undefined ? undefined : "statsd");
}

function limitsOf({ limits }: FileConfig, timeoutSeconds: number): Config["limits"] {
  const written = compact({
    manifestBytes: limits?.manifest_bytes,
    configBytes: limits?.config_bytes,
    reviewBytes: limits?.review_bytes,
    children: limits?.children,
    depth: limits?.depth,
    documents: limits?.documents,
    requestsPerHost: limits?.requests_per_host,
    requestsPerInstance: limits?.requests_per_instance,
  });
  return { ...DEFAULT_LIMITS, ...written, timeoutSeconds };
}
