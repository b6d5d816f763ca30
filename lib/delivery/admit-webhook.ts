import { asVoucherError, type VoucherError } from "../errors.ts";
import { SCHEMES } from "../event/webhook/scheme.ts";
import { WEBHOOK_SOURCES, type WebhookSource, webhookSource } from "../event/webhook/sources.ts";
import type { PushRequest } from "./deliver.ts";

/** A webhook's request as it arrived. */
export interface WebhookRequest extends PushRequest {
  /** What its path names: a source, or anything else. */
  readonly source: string;
}

/** Why a request is not looked at. */
export interface Refusal {
  readonly status: 401 | 404 | 503;
  /** One sentence for whoever looks after the sender. */
  readonly reason: string;
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge?: string;
  /** What kept us from finding out; for the log alone. */
  readonly error?: VoucherError;
}

/** The secret that a source signs with; `undefined` where none is configured. Throws where it cannot be read now. */
export type SecretOf = (source: WebhookSource) => Promise<string | undefined>;

/**
 * Returns the source that sent `request`, or why nobody is believed to have. A source without a secret is served to nobody:
 * its events would be anybody's. Never throws.
 */
export async function admitWebhook(
  request: WebhookRequest,
  secretOf: SecretOf,
  now: Date,
): Promise<WebhookSource | Refusal> {
  const source = webhookSource(request.source);
  if (source === undefined) {
    return { status: 404, reason: `no webhook is there; the sources are ${WEBHOOK_SOURCES.join(", ")}` };
  }
  let secret: string | undefined;
  try {
    secret = await secretOf(source);
  } catch (fault) {
    const reason = "whether this webhook may be believed cannot be found out now; try again";
    return { status: 503, reason, error: asVoucherError(fault) };
  }
  // With an empty secret anybody could sign.
  if (secret === undefined || secret === "") {
    return { status: 404, reason: `the webhook ${source} is not served; set webhook.${source}.secret` };
  }
  const { isAuthentic, refusal, challenge } = SCHEMES[source];
  return isAuthentic(request, secret, now) ? source : { status: 401, reason: refusal, challenge };
}
