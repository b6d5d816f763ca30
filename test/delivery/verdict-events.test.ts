import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, fail, pending } from "../../lib/check/contract.ts";
import { verdictEvent } from "../../lib/delivery/verdict-event.ts";
import { VoucherError } from "../../lib/errors.ts";
import { verdictEventJsonSchema, verdictEventOf } from "../../lib/event/verdict-event.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Topic } from "../../lib/ports.ts";
import type { Verdict } from "../../lib/review/verdict.ts";
import { closed } from "../support/closed-schema.ts";
import { type Delivered, deliverTo, IMAGE, NOON } from "../support/delivering.ts";
import { type Published, publishingTo, recordingObserver } from "../support/fake-ports.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["nobody"]);
});

const ALL: readonly Topic[] = ["waiting", "dead-letter", "verdict"];
const asRoot: Check["judge"] = async () => fail("runs as root");
const broken: Check["judge"] = async () =>
  error(new VoucherError("digest-mismatch", "the content is not its digest"));
const unreachable: Check["judge"] = async () =>
  error(new VoucherError("unavailable", "the registry is down", { retryable: true }));
const scanning: Check["judge"] = async () => pending("scan", "the scan is running");

/** Delivers, and returns the settlement with what was published to each topic. */
async function delivering(delivered: Omit<Delivered, "publisher"> & Partial<Delivered>) {
  const publisher = publishingTo(ALL);
  const settlement = await deliverTo(keys, { publisher, ...delivered });
  const to = (topic: Topic) => publisher.published.filter((one) => one.topic === topic);
  return { settlement, verdicts: to("verdict"), topics: publisher.published.map(({ topic }) => topic) };
}

function eventIn(published: Published | undefined) {
  if (published === undefined) throw new Error("nothing was published");
  return verdictEventOf({ data: Buffer.from(published.text), attributes: published.attributes });
}

describe("a verdict event", () => {
  it("tells of the image that an event was about, and of how it was settled", async () => {
    const { verdicts } = await delivering({});
    expect(verdicts).toHaveLength(1);
    expect(eventIn(verdicts[0])).toMatchObject({
      specversion: "1.0",
      type: "dev.voucher.verdict.v1",
      source: "voucher",
      id: expect.stringMatching(/^17-[0-9a-f]{16}$/),
      time: NOON,
      subject: formatReference(IMAGE.reference),
      outcome: "attested",
      success: true,
      data: { image: formatReference(IMAGE.reference), success: true, attested: true },
    });
    expect(verdicts[0]?.attributes).toMatchObject({
      "ce-type": "dev.voucher.verdict.v1",
      "ce-success": "true",
      "content-type": "application/json",
    });
  });

  it.each([
    ["attested", undefined],
    ["decided", asRoot],
    ["dead-lettered", broken],
  ] as const)("has no member that its schema does not describe: %s", async (outcome, judge) => {
    const { verdicts } = await delivering(judge === undefined ? {} : { judge });
    const validate = new Ajv2020({ strict: false }).compile(closed(verdictEventJsonSchema()));
    const event = eventIn(verdicts[0]);
    expect(event?.outcome).toBe(outcome);
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
  });

  it("is published once, and only when its event is settled", async () => {
    expect((await delivering({ judge: unreachable })).topics).toEqual([]);
    expect((await delivering({ judge: scanning })).topics).toEqual(["waiting"]);
    expect((await delivering({ judge: unreachable, attempt: 5 })).topics).toEqual(["verdict", "dead-letter"]);
    expect((await delivering({ judge: broken })).topics).toEqual(["verdict", "dead-letter"]);
    expect((await delivering({ judge: asRoot })).topics).toEqual(["verdict"]);
  });

  it("is not published for what was never an image, or never resolved", async () => {
    expect((await delivering({ data: "{" })).topics).toEqual(["dead-letter"]);
    const deletion = JSON.stringify({ action: "DELETE", tag: "gcr.io/project/app:v1" });
    expect((await delivering({ data: deletion })).topics).toEqual([]);
  });

  it("has the same id when the same is decided again, and another when something else is", async () => {
    const store = new MemoryStore();
    const ids = [];
    for (const judge of [undefined, undefined, asRoot]) {
      const { verdicts } = await delivering(judge === undefined ? { store } : { judge });
      ids.push(eventIn(verdicts[0])?.id);
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it("bears the id of the first event where its copy comes from the waiting topic", async () => {
    const attributes = { "voucher-first-seen": "2026-11-25T11:55:00Z", "voucher-event-id": "9" };
    const { verdicts } = await delivering({ attributes });
    expect(eventIn(verdicts[0])?.id).toMatch(/^9-/);
  });
});

describe("an event whose verdict cannot be published", () => {
  const down = new VoucherError("unavailable", "Pub/Sub is down", { retryable: true });

  it("comes back, and says why", async () => {
    const { settlement } = await delivering({ publisher: publishingTo(["verdict"], down) });
    expect(settlement).toMatchObject({ status: 503, outcome: "retry", severity: "ERROR" });
    expect(settlement.reason).toBe("its verdict could not be published: Pub/Sub is down");
  });

  it("is given up at its last delivery, like every other that would come back", async () => {
    const { settlement } = await delivering({ publisher: publishingTo(["verdict"], down), attempt: 5 });
    expect(settlement).toMatchObject({ status: 204, outcome: "dead-lettered", deadLetter: "attempts" });
  });

  it("keeps its attestations: the next delivery only has to tell of them", async () => {
    const store = new MemoryStore();
    await delivering({ store, publisher: publishingTo(["verdict"], down) });
    const observer = recordingObserver();
    const { settlement } = await delivering({ store, observer });
    expect(settlement).toMatchObject({ status: 204, outcome: "attested" });
    expect(observer.told).not.toContain("stage sign");
  });
});

describe("a verdict that is too large for a message", () => {
  const result = {
    name: "snakeoil",
    status: "fail" as const,
    success: false,
    attested: false,
    findings: Array.from({ length: 100 }, (_, at) => ({ id: `CVE-${at}`, severity: "high", package: "p" })),
    details: { CheckName: "snakeoil", Body: "b".repeat(1000), Signature: "s", KeyID: "k" },
  };
  const verdict: Verdict = {
    image: "gcr.io/p/app@sha256:1",
    kind: "image",
    success: false,
    attested: false,
    results: [result],
    platforms: [
      { platform: "linux/amd64", digest: "sha256:1", success: false, attested: false, results: [result] },
    ],
    skipped: [],
  };
  const about = { eventId: "17", source: "voucher", outcome: "decided", at: new Date(NOON) };
  const published = (largest: number) => Buffer.from(verdictEvent(verdict, about, largest).data).toString();

  it("goes without its findings, and where that is not enough without its attestations", () => {
    expect(published(1_000_000)).toContain("CVE-99");
    expect(published(4_000)).not.toContain("CVE-99");
    expect(published(4_000)).toContain("KeyID");
    expect(published(1_000)).not.toContain("KeyID");
    expect(JSON.parse(published(1_000)).platforms).toHaveLength(1);
  });
});
