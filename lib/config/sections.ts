import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import type { WebhookSource } from "../event/webhook/sources.ts";
import { type Platform, parsePlatform } from "../image/platform.ts";
import {
  parseEndpoint,
  parseHost,
  parseIdentity,
  parseLoopbackHost,
  parseOrigin,
  parseRepository,
} from "./endpoint.ts";
import { parseInterval, parseMoment } from "./moments.ts";
import {
  blank,
  choice,
  flag,
  list,
  number,
  reading,
  secretText,
  section,
  someText,
  tables,
  text,
  texts,
  wholeNumber,
  wrong,
} from "./values.ts";

/** The tables of the file, as it is written: Voucher's own and those of contracts.md. */

const DAY = 86_400;
const name = z.optional(blank(text));
const names = z.optional(texts);
const switched = z.optional(flag);
const endpoint = z.optional(blank(reading(text, parseEndpoint)));
const bytes = z.optional(wholeNumber(1, 2 ** 31 - 1));
const count = z.optional(wholeNumber(1, 1_000_000));
const seconds = z.optional(wholeNumber(1, DAY));
const platforms = z.optional(reading(texts, parseSelection));

export const containeranalysis = section({ build_detail_fallback_project: name, endpoint });
export const grafeasos = section({ hostname: name, version: name, vul_project: name });
export const oci = section({
  verifier_id: z.optional(blank(reading(text, parseIdentity))),
  repository: z.optional(blank(reading(text, parseRepository))),
  cosign_tags: switched,
});
export const service = section({ endpoint });
export const snakeoil = section({
  only_fixable: switched,
  platforms,
  allow: z.optional(
    tables(
      section({
        id: someText,
        reason: someText,
        expires: reading(z.union([z.date(), text], { error: wrong("a date") }), parseMoment),
      }),
    ),
  ),
});
export const approved = section({ head: z.optional(choice(["exact", "ancestor"])) });
export const platformSettings = section({
  select: platforms,
  index: z.optional(choice(["all", "selected", "never"])),
});
export const limits = section({
  manifest_bytes: bytes,
  config_bytes: bytes,
  review_bytes: bytes,
  children: count,
  depth: z.optional(wholeNumber(1, 16)),
  documents: count,
  requests_per_host: z.optional(wholeNumber(1, 1_000)),
  requests_per_instance: z.optional(wholeNumber(1, 10_000)),
  timeout_seconds: seconds,
});
export const registry = section({
  insecure: z.optional(list(reading(text, parseHost))),
  secure: z.optional(list(reading(text, parseLoopbackHost))),
  trusted_realms: z.optional(list(reading(text, parseOrigin))),
});
export const events = section({
  push_topic: name,
  waiting_topic: name,
  dead_letter_topic: name,
  verdict_topic: name,
  max_attempts: z.optional(wholeNumber(1, 100)),
});
export const pending = section({ max_minutes: z.optional(number(0, 7 * 24 * 60)) });
export const server = section({
  port: z.optional(wholeNumber(1, 65_535)),
  timeout: seconds,
  require_auth: switched,
  username: z.optional(blank(secretText)),
  password: z.optional(blank(secretText)),
  auth: z.optional(choice(["basic", "oidc"])),
  audience: name,
  allowed_emails: names,
});
export const pubsub = section({ project: name, subscription: name, timeout: seconds });
export const ejson = section({ dir: name, secrets: name });
export const sops = section({ file: name });
export const secrets = section({ file: name, endpoint });
export const metrics = section({
  backend: z.optional(blank(choice(["statsd", "datadog", "opentelemetry", "otel"]))),
  tags: names,
});
export const statsd = section({ addr: name, sample_rate: z.optional(number(0, 1)) });
export const opentelemetry = section({
  addr: name,
  insecure: switched,
  interval: z.optional(blank(reading(text, parseInterval))),
});
export const repository = section({ "org-url": someText });
const webhook = z.nullish(section({ secret: z.optional(blank(secretText)) }));
export const webhooks = section({
  distribution: webhook,
  harbor: webhook,
  acr: webhook,
  github: webhook,
  generic: webhook,
} satisfies { readonly [source in WebhookSource]: typeof webhook });
export const kmsKey = section({ check: someText, path: someText, algo: name });
export const pkixKey = section({ check: someText, path: someText });
export const trustedKey = section({ check: someText, path: someText, id: name });
export const customCheck = section({ module: someText, options: z.optional(z.unknown()) });

function parseSelection(list: readonly string[]): "all" | readonly Platform[] {
  if (list.length === 0) throw new VoucherError("config", 'names no platform; write ["all"] for every one');
  if (!list.includes("all")) return list.map(parsePlatform);
  if (list.length > 1) throw new VoucherError("config", '"all" stands alone, or not at all');
  return "all";
}
