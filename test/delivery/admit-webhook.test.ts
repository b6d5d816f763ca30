import { describe, expect, it } from "vitest";
import { admitWebhook, type SecretOf } from "../../lib/delivery/admit-webhook.ts";
import { VoucherError } from "../../lib/errors.ts";
import { WEBHOOK_SOURCES, type WebhookSource } from "../../lib/event/webhook/sources.ts";
import { signed } from "../support/webhooks.ts";

const NOW = new Date("2026-11-25T12:00:00Z");
const BODY = Buffer.from("{}");
const holding: SecretOf = async (source) => `secret of ${source}`;
const asked = (source: string, headers: object = {}) => ({ source, headers: { ...headers }, body: BODY });
const sign = (source: WebhookSource, secret: string) => signed(source, BODY, { secret, now: NOW });

describe.each(WEBHOOK_SOURCES)("a request of the webhook %s", (source) => {
  it("is admitted with the secret that is configured for it", async () => {
    const headers = sign(source, `secret of ${source}`);
    expect(await admitWebhook(asked(source, headers), holding, NOW)).toBe(source);
  });

  it("is refused without, and with the secret of another source", async () => {
    const other = WEBHOOK_SOURCES.find((one) => one !== source);
    for (const headers of [{}, sign(source, `secret of ${other}`)]) {
      expect(await admitWebhook(asked(source, headers), holding, NOW)).toEqual({
        status: 401,
        reason: expect.stringMatching(/secret of this webhook/),
        challenge: expect.stringMatching(/^(Bearer|Signature) realm="voucher"/),
      });
    }
  });

  it.each([undefined, ""])(
    "is refused where no secret is configured, whatever it holds: %j",
    async (secret) => {
      const headers = sign(source, secret ?? "undefined");
      expect(await admitWebhook(asked(source, headers), async () => secret, NOW)).toEqual({
        status: 404,
        reason: `the webhook ${source} is not served; set webhook.${source}.secret`,
      });
    },
  );

  it("is told to come back where the secret cannot be read now, and never by whose fault", async () => {
    const fault = new VoucherError("unavailable", "Secret Manager answers 503", { retryable: true });
    const failing: SecretOf = async () => {
      throw fault;
    };
    expect(await admitWebhook(asked(source, sign(source, "any")), failing, NOW)).toEqual({
      status: 503,
      reason: "whether this webhook may be believed cannot be found out now; try again",
      error: fault,
    });
  });
});

it.each(["", "quay", "Harbor", "harbor/", "__proto__", "constructor", "x".repeat(10_000)])(
  "there is no other webhook: %j",
  async (source) => {
    expect(await admitWebhook(asked(source), holding, NOW)).toEqual({
      status: 404,
      reason: "no webhook is there; the sources are distribution, harbor, acr, github, generic",
    });
  },
);
