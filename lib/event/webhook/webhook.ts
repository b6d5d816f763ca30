import { VoucherError } from "../../errors.ts";
import { parseJson } from "../../image/json.ts";
import type { Headers } from "../envelope.ts";
import { parseAcr } from "./acr.ts";
import { type Announcement, ignored, type WebhookDocument } from "./announcement.ts";
import { parseDistribution } from "./distribution.ts";
import { parseGeneric } from "./generic.ts";
import { parseGitHub } from "./github.ts";
import { parseHarbor } from "./harbor.ts";
import type { WebhookSource } from "./sources.ts";

/** The most events that one request may announce. Registries send them one by one. */
export const MOST_EVENTS = 100;

const PARSERS: { readonly [source in WebhookSource]: (read: WebhookDocument) => readonly Announcement[] } = {
  distribution: parseDistribution,
  harbor: parseHarbor,
  acr: parseAcr,
  github: parseGitHub,
  generic: parseGeneric,
};

/**
 * Reads what a source announces, in its order: what cannot be used of it stands beside what can. Throws `malformed` where
 * nothing of the body can be read, and `limit` where it announces too much.
 */
export function parseWebhook(
  source: WebhookSource,
  { headers, body }: { readonly headers: Headers; readonly body: Uint8Array },
): readonly Announcement[] {
  const announcements = PARSERS[source]({ headers, document: parseJson(body) });
  if (announcements.length > MOST_EVENTS) {
    const message = `the ${source} webhook announces ${announcements.length} events at once, and at most ${MOST_EVENTS} are read`;
    throw new VoucherError("limit", message);
  }
  return announcements.length > 0 ? announcements : [ignored("it announces nothing")];
}
