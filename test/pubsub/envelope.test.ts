import { PreciseDate } from "@google-cloud/precise-date";
import { describe, expect, it } from "vitest";
import { parseEnvelope } from "../../lib/event/envelope.ts";
import { toEnvelope } from "../../lib/pubsub/envelope.ts";

const SUBSCRIPTION = "projects/p/subscriptions/s";
const PULLED = {
  id: "17",
  data: Buffer.from("hello"),
  attributes: { "voucher-first-seen": "2026-11-25T12:00:00Z" },
  publishTime: new PreciseDate("2026-11-25T12:34:56.789Z"),
  deliveryAttempt: 3,
};

describe("a message that was pulled", () => {
  it("comes in the very envelope that it comes in when it is pushed", () => {
    const pushed = {
      message: {
        data: Buffer.from("hello").toString("base64"),
        attributes: PULLED.attributes,
        messageId: "17",
        publishTime: "2026-11-25T12:34:56.789Z",
      },
      subscription: SUBSCRIPTION,
      deliveryAttempt: 3,
    };

    expect(toEnvelope(PULLED, SUBSCRIPTION)).toEqual(parseEnvelope({}, Buffer.from(JSON.stringify(pushed))));
  });

  it("has no delivery attempt where nobody counts: the client says 0 then", () => {
    expect(toEnvelope({ ...PULLED, deliveryAttempt: 0 }, SUBSCRIPTION)).not.toHaveProperty("deliveryAttempt");
    expect(toEnvelope({ ...PULLED, deliveryAttempt: Number.NaN }, SUBSCRIPTION)).not.toHaveProperty(
      "deliveryAttempt",
    );
  });
});
