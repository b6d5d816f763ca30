import { expect } from "vitest";
import { VoucherError } from "../../../lib/errors.ts";
import type { Announcement } from "../../../lib/event/webhook/announcement.ts";
import type { WebhookSource } from "../../../lib/event/webhook/sources.ts";
import { parseWebhook } from "../../../lib/event/webhook/webhook.ts";
import { DIGEST, headersOf } from "../../support/webhooks.ts";

/** Reads `document` as the body of a source's request. */
export function read(
  source: WebhookSource,
  document: unknown,
  headers: { readonly [name: string]: string } = {},
): readonly Announcement[] {
  const body = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return parseWebhook(source, { headers: { ...headersOf(source), ...headers }, body });
}

/** A push of the image that the samples speak of. */
export function pushed(registry: string, more: object = {}): object {
  return { kind: "push", image: { registry, repository: "team/app", digest: DIGEST }, tag: "v1", ...more };
}

/** Why a whole body cannot be read. */
export function whyUnread(work: () => unknown): string {
  try {
    work();
  } catch (fault) {
    if (fault instanceof VoucherError && fault.code === "malformed") return fault.message;
    throw fault;
  }
  throw new Error("it was read");
}

/** An event that cannot be used, for a reason that matches. */
export function unusable(reason: RegExp): object {
  return {
    kind: "unusable",
    error: expect.objectContaining({
      name: "VoucherError",
      code: "malformed",
      message: expect.stringMatching(reason),
    }),
  };
}
