import { describe, expect, it } from "vitest";
import type { Envelope } from "../../lib/event/envelope.ts";
import { isUnreadable } from "../../lib/replay/event.ts";
import { readMessage } from "../../lib/replay/read-message.ts";
import { image, push } from "./events.ts";

const PUBLISHED = new Date("2026-11-25T12:00:00Z");

function message(attributes: Envelope["attributes"], more: Partial<Envelope> = {}): Envelope {
  return { messageId: "17", data: push(image(1)), attributes, publishTime: PUBLISHED, ...more };
}

describe("a message that was dead-lettered", () => {
  const dead = message({
    origin: "ci",
    "voucher-reason": "waited",
    "voucher-detail": "no scan in 60 minutes",
    "voucher-image": "gcr.io/project/app",
    "voucher-event-id": "9",
    "voucher-first-seen": "2026-11-24T00:00:00.000Z",
    CloudPubSubDeadLetterSourceDeliveryCount: "5",
    CloudPubSubDeadLetterSourceSubscription: "pushes",
    googclient_deliveryattempt: "5",
  });

  it("says why, and when its event was first seen", () => {
    expect(readMessage(dead, "17")).toMatchObject({
      key: "17",
      reason: "waited",
      detail: "no scan in 60 minutes",
      time: new Date("2026-11-24T00:00:00Z"),
    });
  });

  it("begins anew: with its own attributes and the id of its event, and nothing of how it fared before", () => {
    const read = readMessage(dead, "17");
    expect(!isUnreadable(read) && read.message).toEqual({
      data: dead.data,
      attributes: { origin: "ci", "voucher-event-id": "9" },
    });
  });

  it("happened when it was published where nobody says when it was first seen", () => {
    expect(readMessage(message({ "voucher-first-seen": "long ago" }), "17").time).toEqual(PUBLISHED);
  });

  it("says why and when even where it holds no event", () => {
    const malformed = message({ "voucher-reason": "malformed" }, { data: Buffer.from("{") });
    expect(readMessage(malformed, "17")).toMatchObject({
      key: "17",
      reason: "malformed",
      time: PUBLISHED,
      error: { code: "malformed" },
    });
  });
});

describe("a message that Pub/Sub itself dead-lettered", () => {
  const CloudPubSubDeadLetterSourceSubscription = "pushes";

  it("says that nobody answered who could have said why", () => {
    expect(readMessage(message({ CloudPubSubDeadLetterSourceSubscription }), "17")).toMatchObject({
      reason: "undelivered",
      push: { kind: "push", image: image(1) },
    });
  });

  it("is ignored where it is an announcement of Container Analysis, whatever of", () => {
    for (const kind of ["DISCOVERY", "VULNERABILITY"]) {
      const name = "projects/p/occurrences/1";
      const data = Buffer.from(JSON.stringify({ name, kind, notificationTime: "2026-11-25T12:00:00.5Z" }));
      expect(readMessage(message({ CloudPubSubDeadLetterSourceSubscription }, { data }), "17")).toMatchObject(
        {
          key: "17",
          reason: "undelivered",
          push: {
            kind: "ignored",
            reason: expect.stringContaining("its image's push event owes the answer"),
          },
        },
      );
    }
  });

  it("holds no event where it is neither", () => {
    const data = Buffer.from(JSON.stringify({ name: "projects/p/notes/1", kind: "DISCOVERY" }));
    expect(readMessage(message({ CloudPubSubDeadLetterSourceSubscription }, { data }), "17")).toMatchObject({
      reason: "undelivered",
      error: { code: "malformed", message: expect.stringContaining("no registry push event") },
    });
  });
});

describe("any other message", () => {
  it("keeps its event under the id that it had", () => {
    expect(readMessage(message({}), "k")).toMatchObject({
      key: "k",
      message: { attributes: { "voucher-event-id": "17" } },
    });
  });

  it("has no id where it came without one", () => {
    expect(readMessage(message({}, { messageId: "" }), "k")).toMatchObject({ message: { attributes: {} } });
  });
});
