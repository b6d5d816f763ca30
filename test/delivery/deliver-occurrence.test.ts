import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, pass, pending } from "../../lib/check/contract.ts";
import { deliverOccurrence } from "../../lib/delivery/deliver-occurrence.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Announced, Topic } from "../../lib/ports.ts";
import { singleImage } from "../support/fake-images.ts";
import {
  evidenceFrom,
  handClock,
  publishingTo,
  recordingObserver,
  resolverOf,
} from "../support/fake-ports.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["nobody"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const NAME = "projects/p/occurrences/1";

interface Heard {
  readonly event?: object | string;
  /** Instead of a message with the event. */
  readonly body?: string;
  readonly announced?: Announced | VoucherError | undefined;
  readonly judge?: Check["judge"];
  /** What resolving the image throws. */
  readonly fault?: VoucherError;
  readonly topics?: readonly Topic[];
}

async function hearing(heard: Heard) {
  const { event = { name: NAME, kind: "DISCOVERY" }, judge = async () => pass, fault } = heard;
  const announced = "announced" in heard ? heard.announced : { image: image.reference, unfinished: false };
  const asked: string[] = [];
  const store = new MemoryStore();
  const observer = recordingObserver();
  const publisher = publishingTo(heard.topics ?? ["waiting", "dead-letter"]);
  const data = Buffer.from(typeof event === "string" ? event : JSON.stringify(event)).toString("base64");
  const message = { data, messageId: "1", attributes: { kept: "yes" } };
  const settlement = await deliverOccurrence(
    { headers: {}, body: Buffer.from(heard.body ?? JSON.stringify({ message })) },
    {
      checks: [{ name: "nobody", description: "", judge }],
      platforms: { select: "all", index: "all" },
      deadline: 240_000,
      maxMinutes: 60,
    },
    {
      resolver: resolverOf(fault === undefined ? [image] : [], fault),
      evidence: evidenceFrom(),
      clock: handClock(),
      observer,
      publisher,
      announcements: {
        async read(name) {
          asked.push(name);
          if (announced instanceof VoucherError) throw announced;
          return announced;
        },
      },
      attesting: { store, signer: keys.signer, keyRing: keys.keyRing },
    },
  );
  return { settlement, asked, store, observer, publisher };
}

describe("a scan or build record that appears", () => {
  it("has its verdict published once it is decided, and not while evidence is awaited", async () => {
    const topics = ["verdict"] as const;
    const decided = await hearing({ topics });
    const waiting = await hearing({ topics, judge: async () => pending("scan", "another scan") });
    const [published] = decided.publisher.published;
    expect(published?.attributes).toMatchObject({ "ce-outcome": "attested" });
    expect(published?.attributes["ce-id"]).toMatch(/^1-/);
    expect(waiting.publisher.published).toEqual([]);
  });

  it("has its image reviewed and attested at once", async () => {
    const { settlement, asked, observer } = await hearing({});
    expect(settlement).toMatchObject({ status: 204, outcome: "attested" });
    expect(asked).toEqual([NAME]);
    expect(observer.entries).toHaveLength(1);
  });

  it("is acknowledged without a review while the scan has not finished", async () => {
    const { settlement } = await hearing({
      announced: { image: image.reference, unfinished: true },
      judge: () => Promise.reject(new Error("must not run")),
    });
    expect(settlement).toMatchObject({ status: 204, outcome: "ignored" });
  });

  it("is acknowledged where other evidence is still awaited: the push event owes the answer", async () => {
    const { settlement, publisher } = await hearing({
      judge: async () => pending("build", "no build record"),
    });
    expect(settlement.status).toBe(204);
    expect(publisher.published).toEqual([]);
  });

  it.each(["limit", "malformed"] as const)(
    "is acknowledged where the review ends in a permanent error (%s), which the push event dead-letters and this does not",
    async (code) => {
      const fault = new VoucherError(code, "too large, or unreadable");
      for (const heard of [{ judge: async () => error(fault) }, { fault }]) {
        const { settlement, publisher, observer } = await hearing(heard);
        expect(settlement).toMatchObject({ status: 204, outcome: "ignored", severity: "WARNING" });
        expect(publisher.published).toEqual([]);
        expect(observer.entries[0]?.fields).toMatchObject({
          outcome: "ignored",
          reason: "the image's push event owes the answer: too large, or unreadable",
        });
      }
    },
  );

  it("is acknowledged and copied nowhere where the image's own documents are malformed", async () => {
    const { settlement, publisher } = await hearing({
      announced: new VoucherError("malformed", "the occurrence cannot be read"),
    });
    expect(settlement).toMatchObject({ status: 204, outcome: "ignored" });
    expect(publisher.published).toEqual([]);
  });

  it("comes back after an error that may pass", async () => {
    const down = new VoucherError("unavailable", "503", { retryable: true });
    expect((await hearing({ announced: down })).settlement.status).toBe(503);
    expect((await hearing({ judge: async () => error(down) })).settlement.status).toBe(503);
  });

  it("is acknowledged where its image was deleted meanwhile, which no later delivery finds", async () => {
    const gone = new VoucherError("not-found", "the manifest is not there");
    const { settlement } = await hearing({ fault: gone });
    expect(settlement).toMatchObject({
      status: 204,
      outcome: "ignored",
      reason: expect.stringContaining("the manifest is not there"),
    });
  });

  it.each(["unauthorized", "forbidden"] as const)(
    "comes back where the registry answers %s: permissions take minutes to settle",
    async (code) => {
      const { settlement } = await hearing({ fault: new VoucherError(code, "not yet") });
      expect(settlement.status).toBe(503);
    },
  );

  it("is acknowledged where it speaks of no image, or is gone", async () => {
    expect((await hearing({ announced: undefined })).settlement).toMatchObject({
      status: 204,
      outcome: "ignored",
    });
  });
});

describe("any other announcement", () => {
  it.each(["VULNERABILITY", "ATTESTATION"])("of kind %s is acknowledged without a request", async (kind) => {
    const { settlement, asked } = await hearing({ event: { name: NAME, kind } });
    expect(settlement).toMatchObject({ status: 204, outcome: "ignored" });
    expect(asked).toEqual([]);
  });

  it("that is malformed is acknowledged, and its message copied to the dead-letter topic as it was", async () => {
    const { settlement, publisher, observer } = await hearing({ event: "{" });
    expect(settlement).toMatchObject({ status: 204, outcome: "dead-lettered" });
    expect(publisher.published).toMatchObject([
      {
        topic: "dead-letter",
        text: "{",
        attributes: { kept: "yes", "voucher-reason": "malformed", "voucher-event-id": "1" },
      },
    ]);
    expect(observer.entries).toMatchObject([
      { severity: "ERROR", message: "announcement dead-lettered", fields: { messageId: "1" } },
    ]);
  });

  it("that is no message at all is copied whole", async () => {
    const { publisher } = await hearing({ body: "no envelope" });
    expect(publisher.published).toMatchObject([{ topic: "dead-letter", text: "no envelope" }]);
  });
});
