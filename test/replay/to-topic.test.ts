import { describe, expect, it } from "vitest";
import { type ErrorCode, VoucherError } from "../../lib/errors.ts";
import { publishToTopic } from "../../lib/replay/to-topic.ts";
import { handClock, publishingTo } from "../support/fake-ports.ts";
import { eventOf, image, push } from "./events.ts";

const event = eventOf(push(image(1)), {
  message: { data: push(image(1)), attributes: { origin: "ci", "voucher-event-id": "9" } },
});

function publish(fault?: VoucherError) {
  const publisher = publishingTo(["push"], fault);
  return { publisher, outcome: publishToTopic(publisher, handClock())(event) };
}

describe("an event that is replayed to a topic", () => {
  it("is published as it was, with its attributes", async () => {
    const { publisher, outcome } = publish();

    expect(await outcome).toEqual({ kind: "published" });
    expect(publisher.published).toEqual([
      {
        topic: "push",
        text: push(image(1)).toString(),
        attributes: { origin: "ci", "voucher-event-id": "9" },
      },
    ]);
  });

  it.each<ErrorCode>(["unavailable", "timeout", "malformed"])(
    "fails alone where its publishing ends in %s",
    async (code) => {
      const { outcome } = publish(new VoucherError(code, "Pub/Sub did not accept it"));

      expect(await outcome).toEqual({ kind: "failed", reason: code, sentence: "Pub/Sub did not accept it" });
    },
  );

  it.each<ErrorCode>(["not-found", "forbidden", "unauthorized", "config"])(
    "ends the replay where the topic is %s, which it would be for every event",
    async (code) => {
      await expect(publish(new VoucherError(code, "the topic")).outcome).rejects.toMatchObject({ code });
    },
  );
});
