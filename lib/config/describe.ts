import { formatPlatform } from "../image/platform.ts";
import { mapValues } from "./compact.ts";
import type { Config, PlatformSelection } from "./config.ts";

const MASK = "********";
const SECRET = /secret|token|password|private|credential|key$/i;

/**
 * The settings in effect, under the names that the file gives them, for people to read and for a file to be made of.
 * Secrets are masked: the server's password, the webhooks' secrets, and options of checks that look like one.
 */
export function describeConfig(config: Config): { readonly [key: string]: unknown } {
  const { containeranalysis, grafeasos, oci, snakeoil, limits, registry, events, server, pubsub } = config;
  return {
    dryrun: config.dryrun,
    scanner: config.scanner,
    failon: config.failon,
    valid_repos: config.validRepos,
    trusted_builder_identities: config.trustedBuilderIdentities,
    trusted_projects: config.trustedProjects,
    binauth_project: config.binauthProject,
    image_project: config.imageProject,
    metadata_client: config.metadataClient,
    signer: config.signer,
    kms_keys: config.kmsKeys,
    pkix_keys: config.pkixKeys,
    trusted_keys: config.trustedKeys,
    allow_shared_keys: config.allowSharedKeys,
    checks: describeChecks(config),
    required: mapValues(config.required, switchedOn),
    repository: mapValues(config.repositories, ({ orgUrl }) => ({ "org-url": orgUrl })),
    containeranalysis: {
      build_detail_fallback_project: containeranalysis.buildDetailFallbackProject,
      endpoint: containeranalysis.endpoint,
    },
    grafeasos: {
      hostname: grafeasos.hostname,
      version: grafeasos.version,
      vul_project: grafeasos.vulProject,
    },
    oci: { verifier_id: oci.verifierId, repository: oci.repository, cosign_tags: oci.cosignTags },
    kms: config.kms,
    github: config.github,
    snakeoil: {
      only_fixable: snakeoil.onlyFixable,
      platforms: describeSelection(snakeoil.platforms),
      allow: snakeoil.allow,
    },
    approved: config.approved,
    platforms: { select: describeSelection(config.platforms.select), index: config.platforms.index },
    limits: {
      manifest_bytes: limits.manifestBytes,
      config_bytes: limits.configBytes,
      review_bytes: limits.reviewBytes,
      children: limits.children,
      depth: limits.depth,
      documents: limits.documents,
      requests_per_host: limits.requestsPerHost,
      requests_per_instance: limits.requestsPerInstance,
      timeout_seconds: limits.timeoutSeconds,
    },
    registry: {
      insecure: registry.insecure,
      secure: registry.secure,
      trusted_realms: registry.trustedRealms,
    },
    events: {
      push_topic: events.pushTopic,
      waiting_topic: events.waitingTopic,
      dead_letter_topic: events.deadLetterTopic,
      verdict_topic: events.verdictTopic,
      max_attempts: events.maxAttempts,
    },
    pending: { max_minutes: config.pending.maxMinutes },
    server: {
      port: server.port,
      timeout: server.timeoutSeconds,
      require_auth: server.requireAuth,
      username: server.username,
      password: masked(server.password),
      auth: server.auth,
      audience: server.audience,
      allowed_emails: server.allowedEmails,
    },
    pubsub: { project: pubsub.project, subscription: pubsub.subscription, timeout: pubsub.timeoutSeconds },
    ejson: config.ejson,
    sops: config.sops,
    secrets: config.secrets,
    metrics: config.metrics,
    statsd: { addr: config.statsd.addr, sample_rate: config.statsd.sampleRate },
    opentelemetry: {
      addr: config.opentelemetry.addr,
      insecure: config.opentelemetry.insecure,
      interval: `${config.opentelemetry.intervalSeconds}s`,
    },
    datadog: config.datadog,
    webhook: mapValues(config.webhooks, ({ secret }) => ({ secret: masked(secret) })),
  };
}

function describeChecks({ all, customChecks }: Config): { readonly [name: string]: unknown } {
  const custom = customChecks.map(({ name, module, options }) => [
    name,
    { module, options: maskOptions(options) },
  ]);
  return { ...switchedOn(all), ...Object.fromEntries(custom) };
}

function switchedOn(names: readonly string[]): { readonly [name: string]: true } {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** The platforms of a selection, as the file names them. */
export function describeSelection(selection: PlatformSelection): readonly string[] {
  return selection === "all" ? ["all"] : selection.map(formatPlatform);
}

function masked(secret: string | undefined): string | undefined {
  return secret === undefined ? undefined : MASK;
}

function maskOptions(options: unknown): unknown {
  if (Array.isArray(options)) return options.map(maskOptions);
  if (typeof options !== "object" || options === null) return options;
  const entries = Object.entries(options);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, SECRET.test(name) ? MASK : maskOptions(value)]),
  );
}
