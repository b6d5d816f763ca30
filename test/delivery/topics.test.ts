import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Topic } from "../../lib/ports.ts";
import { type Delivered, deliverTo, EVENT, IMAGE, NOON } from "../support/delivering.ts";
import { publishingTo } from "../support/fake-ports.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["nobody"]);
});

const BOTH: readonly Topic[] = ["waiting", "dead-letter"];
const scanning: Check["judge"] = async () => pending("scan", "the scan is running");
const delivering = (delivered: Delivered) => deliverTo(keys, delivered);

describe("an event whose evidence is still to come", () => {
  it("goes to the waiting topic as it was, with when it was first seen, and is acknowledged", async () => {
    const publisher = publishingTo(BOTH);
    const settlement = await delivering({ judge: scanning, publisher, attributes: { origin: "ci" } });
    expect(settlement).toMatchObject({ status: 204, outcome: "waiting" });
    expect(publisher.published).toEqual([
      {
        topic: "waiting",
        text: EVENT,
        attributes: { origin: "ci", "voucher-first-seen": NOON, "voucher-event-id": "17" },
      },
    ]);
  });

  it("goes there though it has as many attributes as a message may have, of which the last make room", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, "x"]));
    await delivering({ judge: scanning, publisher, attributes });
    const copied = publisher.published[0]?.attributes ?? {};
    expect(Object.keys(copied)).toHaveLength(100);
    expect(copied).toMatchObject({ a97: "x", "voucher-first-seen": NOON, "voucher-event-id": "17" });
  });

  it("comes back where it came from the waiting topic itself, however often that was", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = { "voucher-first-seen": "2026-11-25T11:30:00Z", "voucher-event-id": "9" };
    const settlement = await delivering({ judge: scanning, publisher, attributes, attempt: 19 });
    expect(settlement).toMatchObject({ status: 503, outcome: "retry" });
    expect(publisher.published).toEqual([]);
  });

  it("comes back where no waiting topic is configured", async () => {
    const settlement = await delivering({ judge: scanning, publisher: publishingTo(["dead-letter"]) });
    expect(settlement.status).toBe(503);
  });

  it("comes back when its copy cannot be published, so that it is not lost", async () => {
    const down = new VoucherError("unavailable", "Pub/Sub is down", { retryable: true });
    const settlement = await delivering({ judge: scanning, publisher: publishingTo(BOTH, down) });
    expect(settlement).toMatchObject({ status: 503, severity: "ERROR" });
    expect(settlement.reason).toContain("Pub/Sub is down");
  });

  it("is given up an hour after it was first seen, counted from the first event and not from its copy", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = { "voucher-first-seen": "2026-11-25T11:00:00Z", "voucher-event-id": "9" };
    const settlement = await delivering({ judge: scanning, publisher, attributes });
    expect(settlement).toMatchObject({ status: 204, outcome: "dead-lettered", deadLetter: "waited" });
    expect(publisher.published[0]?.attributes).toMatchObject({
      "voucher-reason": "waited",
      "voucher-image": formatReference(IMAGE.reference),
      "voucher-event-id": "9",
      "voucher-first-seen": "2026-11-25T11:00:00.000Z",
    });
  });

  // Found by the simulation: it was given up as if deliveries had failed, where no replay of what was waited for looks.
  it("is given up for what it waited for also where the clock is set back during its last delivery", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = { "voucher-first-seen": "2026-11-25T11:00:00Z", "voucher-event-id": "9" };
    const evidenceAt = "2026-11-25T11:58:00Z";
    const settlement = await delivering({ judge: scanning, publisher, attributes, evidenceAt, attempt: 5 });
    expect(settlement).toMatchObject({ outcome: "dead-lettered", deadLetter: "waited" });
  });
});

describe("an event that nothing can help", () => {
  it("is copied to the dead-letter topic with its reason, and is acknowledged", async () => {
    const publisher = publishingTo(BOTH);
    const broken = error(new VoucherError("digest-mismatch", "the content is not its digest"));
    const settlement = await delivering({ judge: async () => broken, publisher });
    expect(settlement).toMatchObject({ status: 204, outcome: "dead-lettered" });
    expect(publisher.published).toEqual([
      {
        topic: "dead-letter",
        text: EVENT,
        attributes: {
          "voucher-reason": "digest-mismatch",
          "voucher-detail": "the content is not its digest",
          "voucher-image": formatReference(IMAGE.reference),
          "voucher-event-id": "17",
          "voucher-first-seen": NOON,
        },
      },
    ]);
  });

  it("is copied whole where it is no event, so that somebody can look at it", async () => {
    const publisher = publishingTo(BOTH);
    const settlement = await delivering({ body: Buffer.from("no envelope at all"), publisher });
    expect(settlement.status).toBe(204);
    expect(publisher.published[0]).toMatchObject({
      topic: "dead-letter",
      text: "no envelope at all",
      attributes: { "voucher-reason": "malformed" },
    });
  });

  it("is copied at its last attempt, with the reason `attempts`", async () => {
    const publisher = publishingTo(BOTH);
    const passing = error(new VoucherError("unavailable", "Grafeas answers 503", { retryable: true }));
    const settlement = await delivering({ judge: async () => passing, publisher, attempt: 5 });
    expect(settlement.status).toBe(204);
    expect(publisher.published[0]?.attributes).toMatchObject({ "voucher-reason": "attempts" });
    expect(publisher.published[0]?.attributes["voucher-detail"]).toContain("Grafeas answers 503");
  });

  it("comes back when its copy cannot be published", async () => {
    const down = new VoucherError("unavailable", "Pub/Sub is down", { retryable: true });
    const settlement = await delivering({ data: "{", publisher: publishingTo(BOTH, down) });
    expect(settlement.status).toBe(503);
  });

  it("keeps within what Pub/Sub takes: 1,024 bytes an attribute, 100 attributes", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, "x"]));
    const long = error(new VoucherError("limit", "ü".repeat(2000)));
    await delivering({ judge: async () => long, publisher, attributes });
    const copied = publisher.published[0]?.attributes ?? {};
    expect(Object.keys(copied)).toHaveLength(100);
    expect(Buffer.byteLength(copied["voucher-detail"] ?? "")).toBeLessThanOrEqual(1024);
    expect(copied["voucher-detail"]).toMatch(/ü…$/);
    expect(copied["voucher-reason"]).toBe("limit");
  });

  it.each([
    ["longer than any", { a: "x".repeat(1025) }],
    ["no well-formed text", { a: "\ud800" }],
    ["without a name", { "": "x" }],
    ["with a name longer than any", { ["a".repeat(257)]: "x" }],
  ])(
    "leaves out an attribute that no message of Pub/Sub has, so that it can be copied: %s",
    async (_, odd) => {
      const publisher = publishingTo(BOTH);
      await delivering({ data: "{", publisher, attributes: { ...odd, toString: "kept" } });
      const { toString: kept, ...others } = publisher.published[0]?.attributes ?? {};
      expect(kept).toBe("kept");
      expect(Object.keys(others).toSorted()).toEqual(
        ["detail", "event-id", "first-seen", "reason"].map((name) => `voucher-${name}`),
      );
    },
  );

  it("is acknowledged without a copy where no dead-letter topic is configured: the log is the record", async () => {
    const publisher = publishingTo(["waiting"]);
    const settlement = await delivering({ data: "{", publisher });
    expect(settlement).toMatchObject({ status: 204, outcome: "dead-lettered", severity: "ERROR" });
    expect(publisher.published).toEqual([]);
  });
});

describe("an event that claims to come from the future", () => {
  it("is not waited for for ever: its patience begins now", async () => {
    const publisher = publishingTo(BOTH);
    const attributes = { "voucher-first-seen": "2999-01-01T00:00:00Z", "voucher-event-id": "9" };
    const broken = error(new VoucherError("limit", "too large"));
    await delivering({ judge: async () => broken, publisher, attributes });
    expect(publisher.published[0]?.attributes).toMatchObject({ "voucher-first-seen": NOON });
  });
});
