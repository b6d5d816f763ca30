import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, fail, pass, pending } from "../../lib/check/contract.ts";
import type { DeliverySettings } from "../../lib/delivery/deliver.ts";
import { deliverAgain } from "../../lib/delivery/deliver-again.ts";
import { VoucherError } from "../../lib/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
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

async function again(judge: Check["judge"], settings: Partial<DeliverySettings> = {}) {
  const publisher = publishingTo(["waiting", "dead-letter"]);
  const observer = recordingObserver();
  const store = new MemoryStore();
  const data = Buffer.from(JSON.stringify({ action: "INSERT", digest: formatReference(image.reference) }));
  const deliver = () =>
    deliverAgain(
      { messageId: "17", data, attributes: {}, deliveryAttempt: 9 },
      {
        checks: [{ name: "nobody", description: "", judge }],
        platforms: { select: "all", index: "all" },
        deadline: 240_000,
        maxMinutes: 60,
        ...settings,
      },
      {
        resolver: resolverOf([image]),
        evidence: evidenceFrom(),
        clock: handClock(),
        observer,
        publisher,
        attesting: { store, signer: keys.signer, keyRing: keys.keyRing },
      },
    );
  return { ...(await deliver()), publisher, observer, store, deliver };
}

describe("an event that is delivered again", () => {
  it("is attested where it passes", async () => {
    const { settlement, store, ending } = await again(async () => pass);

    expect(settlement.outcome).toBe("attested");
    expect(store.contents).toEqual([`nobody ${image.reference.digest}`]);
    expect(ending.kind).toBe("reviewed");
  });

  it.each<[string, Check["judge"], string]>([
    ["waits", async () => pending("scan", "the scan is running"), "waiting"],
    ["cannot be helped", async () => error(new VoucherError("limit", "too large")), "dead-lettered"],
    ["failed its checks", async () => fail("runs as root"), "decided"],
  ])("is told, and copied nowhere, where it %s", async (_, judge, outcome) => {
    const { settlement, publisher, observer } = await again(judge);

    expect(settlement.outcome).toBe(outcome);
    expect(publisher.published).toEqual([]);
    expect(observer.entries).toEqual([]);
  });

  it("is not given up at a last attempt: whoever feeds it again counts none", async () => {
    const down = new VoucherError("unavailable", "503", { retryable: true });
    const { settlement } = await again(async () => error(down));

    expect(settlement.outcome).toBe("retry");
  });

  it("is checked again and signed anew where that is asked for", async () => {
    let judged = 0;
    const judge = async () => {
      judged += 1;
      return pass;
    };

    const reusing = await again(judge);
    await reusing.deliver();
    expect(judged).toBe(1);
    const forcing = await again(judge, { existing: "force" });
    await forcing.deliver();
    expect(judged).toBe(3);
  });
});
