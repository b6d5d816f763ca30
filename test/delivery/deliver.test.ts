import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, pending } from "../../lib/check/contract.ts";
import { type DeliverySettings, deliver } from "../../lib/delivery/deliver.ts";
import { VoucherError } from "../../lib/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import type { Publisher } from "../../lib/ports.ts";
import {
  artifact,
  indexOf,
  notFound,
  platformImage,
  singleImage,
  unresolved,
} from "../support/fake-images.ts";
import {
  evidenceFrom,
  handClock,
  publishingTo,
  recordingObserver,
  resolverOf,
} from "../support/fake-ports.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { CHECKS } from "../support/reviewing.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["diy", "nobody"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const index = indexOf([platformImage("linux/amd64", { user: "app" }), platformImage("linux/s390x")]);
const eventOf = (of: ResolvedImage, tag?: string) => ({
  action: "INSERT",
  digest: formatReference(of.reference),
  ...(tag === undefined ? {} : { tag: `gcr.io/project/app:${tag}` }),
});

interface Delivered {
  readonly known?: readonly ResolvedImage[];
  readonly settings?: Partial<DeliverySettings>;
  readonly attempt?: number;
  readonly store?: MemoryStore;
  readonly body?: Uint8Array;
  readonly dryRun?: boolean;
  readonly publisher?: Publisher;
}

/** Delivers `event` as Pub/Sub would, and returns the settlement with all that was recorded. */
async function delivering(event: unknown, options: Delivered = {}) {
  const { known = [image, index], settings, attempt, store = new MemoryStore(), dryRun = false } = options;
  const observer = recordingObserver();
  const clock = handClock(25);
  const resolver = resolverOf(known);
  const data = Buffer.from(typeof event === "string" ? event : JSON.stringify(event)).toString("base64");
  const envelope = { message: { data, messageId: "17" }, subscription: "s", deliveryAttempt: attempt };
  const settlement = await deliver(
    { headers: {}, body: options.body ?? Buffer.from(JSON.stringify(envelope)) },
    {
      checks: CHECKS,
      platforms: { select: "all", index: "all" },
      deadline: 240_000,
      maxMinutes: 60,
      ...settings,
    },
    {
      resolver,
      evidence: evidenceFrom(),
      clock,
      observer,
      publisher: options.publisher ?? publishingTo([]),
      ...(dryRun ? {} : { attesting: { store, signer: keys.signer, keyRing: keys.keyRing } }),
    },
  );
  return { settlement, entries: observer.entries, store, resolver, clock };
}

const checking = (judge: Check["judge"]): Check[] => [{ name: "nobody", description: "", judge }];

describe("every ending of an event is recorded once, with its severity and reason", () => {
  it.each<[string, () => ReturnType<typeof delivering>, string]>([
    ["attested", () => delivering(eventOf(image, "v1")), "204 INFO image attested"],
    ["a failed check", () => delivering(eventOf(index)), "204 INFO image decided"],
    [
      "DELETE",
      () => delivering({ action: "DELETE", tag: "gcr.io/project/app:v1" }),
      "204 INFO event ignored",
    ],
    [
      "tag only",
      () => delivering({ action: "INSERT", tag: "gcr.io/project/app:v1" }),
      "204 INFO event ignored",
    ],
    [
      "a signature that cosign pushed",
      () => delivering(eventOf(image, `sha256-${"a".repeat(64)}.sig`)),
      "204 INFO event ignored",
    ],
    [
      "no image",
      () => {
        const chart = artifact("application/vnd.cncf.helm.config.v1+json");
        return delivering(eventOf(chart), { known: [chart] });
      },
      "204 INFO event ignored",
    ],
    [
      "a host that valid_repos does not name",
      () =>
        delivering(
          { action: "INSERT", digest: `evil.example/app@${image.reference.digest}` },
          {
            settings: { onlyHostsOf: ["gcr.io/project"] },
          },
        ),
      "204 INFO event ignored",
    ],
    ["malformed JSON", () => delivering("{"), "204 ERROR event dead-lettered"],
    [
      "a digest that is none",
      () => delivering({ action: "INSERT", digest: "gcr.io/project/app@sha256:abc" }),
      "204 ERROR event dead-lettered",
    ],
    [
      "an envelope that is none",
      () => delivering({}, { body: Buffer.from("[]") }),
      "204 ERROR event dead-lettered",
    ],
    ["no body", () => delivering({}, { body: new Uint8Array() }), "204 ERROR event dead-lettered"],
    [
      "an image that is not there",
      () => delivering(eventOf(image), { known: [] }),
      "503 WARNING event comes back",
    ],
    [
      "a child that is gone",
      () => {
        const broken = indexOf([unresolved("linux/arm64", notFound())]);
        return delivering(eventOf(broken), { known: [broken] });
      },
      "204 ERROR event dead-lettered",
    ],
    [
      "evidence that is awaited",
      () =>
        delivering(eventOf(image), { settings: { checks: checking(async () => pending("scan", "a scan")) } }),
      "503 INFO event comes back",
    ],
    [
      "evidence that will never be",
      () =>
        delivering(eventOf(image), {
          settings: { checks: checking(async () => error(new VoucherError("no-evidence", "never scanned"))) },
        }),
      "204 WARNING image decided",
    ],
    [
      "the last attempt",
      () => delivering(eventOf(image), { known: [], attempt: 5, settings: { maxAttempts: 5 } }),
      "204 ERROR event dead-lettered",
    ],
    ["a dry run", () => delivering(eventOf(image), { dryRun: true }), "204 INFO image decided"],
  ])("%s", async (_, run, expected) => {
    const { settlement, entries } = await run();
    expect(entries).toHaveLength(1);
    const [entry] = entries;
    expect(`${settlement.status} ${entry?.severity} ${entry?.message}`).toBe(expected);
    expect(entry?.fields).toMatchObject({ outcome: settlement.outcome, status: settlement.status });
    expect(entry?.fields["reason"]).toBe(settlement.reason);
  });
});

describe("the record of a delivery", () => {
  it("names the image, its tag, the message, the attempt, the verdict and how long it took", async () => {
    const { entries } = await delivering(eventOf(image, "v1"), { attempt: 2 });
    expect(entries[0]?.fields).toMatchObject({
      image: formatReference(image.reference),
      tag: "v1",
      messageId: "17",
      attempt: 2,
      verdict: { tag: "v1", success: true, kind: "image" },
      milliseconds: 25,
    });
  });

  it("carries the error of what could not be resolved or read", async () => {
    const missing = await delivering(eventOf(image), { known: [] });
    expect(missing.entries[0]?.fields["error"]).toMatchObject({ code: "not-found" });
    const broken = await delivering("{");
    expect(broken.entries[0]?.fields).toMatchObject({ messageId: "17", error: { code: "malformed" } });
    expect(broken.entries[0]?.fields).not.toHaveProperty("image");
  });
});

describe("a delivery", () => {
  it("asks a host that is not ours for nothing", async () => {
    const { resolver } = await delivering(
      { action: "INSERT", digest: `evil.example/app@${image.reference.digest}` },
      { settings: { onlyHostsOf: ["gcr.io/project"] } },
    );
    expect(resolver.asked).toEqual([]);
  });

  it("resolves the digest and never the tag", async () => {
    const { resolver } = await delivering(eventOf(image, "latest"));
    expect(resolver.asked).toEqual([formatReference(image.reference)]);
  });

  it("is given its deadline", async () => {
    const { clock } = await delivering(eventOf(image));
    expect(clock.deadlines).toEqual([240_000]);
  });

  it("that repeats, five times and at once, leaves one attestation a digest and check", async () => {
    const store = new MemoryStore();
    await Promise.all([1, 2].map(() => delivering(eventOf(index), { store })));
    const before = store.all;
    for (let repeat = 0; repeat < 5; repeat += 1) await delivering(eventOf(index), { store });
    expect(store.all).toEqual(before);
    expect(store.contents).toHaveLength(4);
  });

  it("that could not store comes back, and its next attempt stores only what is missing", async () => {
    const store = new MemoryStore();
    store.putFault = ({ checkName }) =>
      checkName === "nobody" ? new VoucherError("unavailable", "busy", { retryable: true }) : undefined;
    const first = await delivering(eventOf(image), { store });
    expect(first.settlement).toMatchObject({ status: 503, outcome: "retry", reason: "busy" });
    const diy = store.find(image.reference, "diy");
    store.putFault = () => undefined;
    const second = await delivering(eventOf(image), { store });
    expect(second.settlement).toMatchObject({ status: 204, outcome: "attested" });
    expect(store.find(image.reference, "diy")).toEqual(diy);
  });
});
