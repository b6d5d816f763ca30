import * as z from "zod/mini";
import { parseValidRepo } from "../image/valid-repos.ts";
import * as sections from "./sections.ts";
import { blank, choice, flag, list, named, reading, section, tables, text, texts, wrong } from "./values.ts";

/** The configuration file, as it is written: every key of Voucher and every key of ours. A key that is not here is an error. */
export const fileSchema = section({
  dryrun: z.optional(flag),
  scanner: z.optional(blank(choice(["metadata", "gca", "g"]))),
  failon: z.optional(blank(choice(["negligible", "low", "medium", "unknown", "high", "critical"]))),
  valid_repos: z.optional(list(reading(text, readValidRepo))),
  trusted_builder_identities: z.optional(texts),
  trusted_projects: z.optional(texts),
  binauth_project: z.optional(blank(text)),
  image_project: z.optional(blank(text)),
  metadata_client: z.optional(blank(choice(["containeranalysis", "grafeasos", "oci"]))),
  signer: z.optional(blank(choice(["pgp", "kms", "pkix"]))),
  allow_shared_keys: z.optional(flag),
  kms_keys: z.optional(tables(sections.kmsKey)),
  pkix_keys: z.optional(tables(sections.pkixKey)),
  trusted_keys: z.optional(tables(sections.trustedKey)),
  checks: table(
    named(z.union([flag, sections.customCheck], { error: wrong("true, false or a table with `module`") })),
  ),
  required: table(named(named(flag))),
  repository: table(named(sections.repository)),
  containeranalysis: table(sections.containeranalysis),
  grafeasos: table(sections.grafeasos),
  oci: table(sections.oci),
  kms: table(sections.service),
  github: table(sections.service),
  snakeoil: table(sections.snakeoil),
  approved: table(sections.approved),
  platforms: table(sections.platformSettings),
  limits: table(sections.limits),
  registry: table(sections.registry),
  events: table(sections.events),
  pending: table(sections.pending),
  server: table(sections.server),
  pubsub: table(sections.pubsub),
  ejson: table(sections.ejson),
  sops: table(sections.sops),
  secrets: table(sections.secrets),
  metrics: table(sections.metrics),
  statsd: table(sections.statsd),
  opentelemetry: table(sections.opentelemetry),
  datadog: table(sections.service),
  webhook: table(sections.webhooks),
});

/** The configuration file after parsing, its keys as written. */
export type FileConfig = z.infer<typeof fileSchema>;

/** A table that may be left out, or stand there empty as YAML writes it (`checks:`). */
function table<Inner extends z.ZodMiniType>(inner: Inner) {
  return z.nullish(inner);
}

function readValidRepo(entry: string): string {
  try {
    return parseValidRepo(entry);
  } catch {
    throw new Error(`${JSON.stringify(entry.slice(0, 200))} is no registry, nor a path below one`);
  }
}
