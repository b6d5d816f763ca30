import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Headers } from "../envelope.ts";
import type { WebhookSource } from "./sources.ts";

/** A request whose sender is still to be believed. */
export interface Signed {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** How a source proves that it knows the secret. */
export interface Scheme {
  /** The `WWW-Authenticate` of a refusal (RFC 9110, section 11.6.1). */
  readonly challenge: string;
  /** What is said to whoever is refused; never which part was wrong. */
  readonly refusal: string;
  /** Whether the request was sent by somebody who knows `secret`, which is not empty. Takes as long wherever it differs. */
  isAuthentic(request: Signed, secret: string, now: Date): boolean;
}

/** How far the clock of whoever signs may be off, in seconds; what is older may be somebody's who only listened. */
const TOLERANCE_SECONDS = 300;

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Registries that send a header as it was configured: the secret as `Bearer SECRET` (RFC 6750), or alone. */
const SHARED_SECRET: Scheme = {
  challenge: 'Bearer realm="voucher"',
  refusal: "the header Authorization does not hold the secret of this webhook, as Bearer SECRET",
  isAuthentic({ headers }, secret) {
    const given = headers["authorization"];
    if (typeof given !== "string") return false;
    const asBearer = sameText(given.replace(/^bearer +/i, ""), secret);
    return sameText(given, secret) || asBearer;
  },
};

/** GitHub, "Validating webhook deliveries": an HMAC of the body as it came. */
const GITHUB: Scheme = {
  challenge: 'Signature realm="voucher", header="X-Hub-Signature-256"',
  refusal: "the header X-Hub-Signature-256 does not sign this body with the secret of this webhook",
  isAuthentic: ({ headers, body }, secret) => signs(headers["x-hub-signature-256"], secret, [body]),
};

/** Our own: an HMAC of the time, a dot, and the body as it came. */
const TIMED: Scheme = {
  challenge: 'Signature realm="voucher", header="Voucher-Signature"',
  refusal:
    "the header Voucher-Signature does not sign Voucher-Timestamp and this body with the secret of this webhook, " +
    `or the timestamp is more than ${TOLERANCE_SECONDS} seconds off`,
  isAuthentic({ headers, body }, secret, now) {
    const stamp = headers["voucher-timestamp"];
    if (typeof stamp !== "string" || !/^\d{1,12}$/.test(stamp)) return false;
    const isSigned = signs(headers["voucher-signature"], secret, [Buffer.from(`${stamp}.`), body]);
    return isSigned && Math.abs(now.getTime() / 1000 - Number(stamp)) <= TOLERANCE_SECONDS;
  },
};

export const SCHEMES: { readonly [source in WebhookSource]: Scheme } = {
  distribution: SHARED_SECRET,
  harbor: SHARED_SECRET,
  acr: SHARED_SECRET,
  github: GITHUB,
  generic: TIMED,
};

/** Whether `header` is the HMAC (RFC 2104) of `parts`, written `sha256=<hex>`. */
function signs(header: Headers[string], secret: string, parts: readonly Uint8Array[]): boolean {
  const hex = typeof header === "string" ? SIGNATURE.exec(header)?.[1] : undefined;
  if (hex === undefined) return false;
  const hmac = createHmac("sha256", secret);
  for (const part of parts) hmac.update(part);
  return timingSafeEqual(Buffer.from(hex, "hex"), hmac.digest());
}

/** In the same time wherever the two differ, and however long they are. */
function sameText(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
