import { beforeAll, describe, expect, it } from "vitest";
import { type Check, error, fail, pass, pending } from "../../lib/check/contract.ts";
import type { DeliverySettings } from "../../lib/delivery/deliver.ts";
import { type ErrorCode, VoucherError } from "../../lib/errors.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import { isUnreadable } from "../../lib/replay/event.ts";
import { reviewInProcess } from "../../lib/replay/in-process.ts";
import { readMessage } from "../../lib/replay/read-message.ts";
import { artifact, indexOf, platformImage, singleImage } from "../support/fake-images.ts";
import {
  evidenceFrom,
  handClock,
  publishingTo,
  recordingObserver,
  resolverOf,
} from "../support/fake-ports.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { makeKeys, type TestKeys } from "../support/test-keys.ts";
import { push } from "./events.ts";

let keys: TestKeys;
beforeAll(async () => {
  keys = await makeKeys(["nobody", "scanned"]);
});

const image = singleImage("linux/amd64", { user: "app" });
const index = indexOf([platformImage("linux/amd64", { user: "app" }), platformImage("linux/arm64")]);

interface Options {
  readonly of?: ResolvedImage;
  readonly known?: readonly ResolvedImage[];
  readonly fault?: VoucherError;
  readonly settings?: Partial<DeliverySettings>;
  readonly dryRun?: boolean;
  readonly store?: MemoryStore;
  readonly attributes?: { readonly [name: string]: string };
}

/** Replays the push of an image as it was dead-lettered a day ago. */
async function replayed(judges: { readonly [check: string]: Check["judge"] }, options: Options = {}) {
  const { of = image, known = [image, index], fault, store = new MemoryStore(), dryRun = false } = options;
  const publisher = publishingTo(["waiting", "dead-letter"]);
  const sink = reviewInProcess(
    {
      checks: Object.entries(judges).map(([name, judge]) => ({ name, description: "", judge })),
      platforms: { select: "all", index: "all" },
      deadline: 240_000,
      maxMinutes: 60,
      ...options.settings,
    },
    {
      resolver: resolverOf(known, fault),
      evidence: evidenceFrom(),
      clock: handClock(),
      observer: recordingObserver(),
      publisher,
      ...(dryRun ? {} : { attesting: { store, signer: keys.signer, keyRing: keys.keyRing } }),
    },
  );
  const attributes = { "voucher-reason": "waited", "voucher-first-seen": "2026-11-24T12:00:00Z" };
  const { reference } = of;
  if (reference.digest === undefined) throw new Error("the image has no digest");
  const data = push({ ...reference, digest: reference.digest });
  const event = readMessage(
    { messageId: "1", data, attributes: { ...attributes, ...options.attributes } },
    "1",
  );
  if (isUnreadable(event)) throw event.error;
  return { outcome: await sink(event), store, publisher };
}

const ok: Check["judge"] = async () => pass;

describe("an event that is reviewed here", () => {
  it("is approved where everything passes, and is attested", async () => {
    const { outcome, store } = await replayed({ nobody: ok });

    expect(outcome).toEqual({ kind: "approved" });
    expect(store.contents).toEqual([`nobody ${image.reference.digest}`]);
  });

  it("is rejected where a check fails, by the name of every one that does", async () => {
    const judges = { nobody: async () => fail("runs as root"), scanned: async () => fail("has flaws") };
    const { outcome } = await replayed(judges, { of: index });

    expect(outcome).toMatchObject({ kind: "rejected", reason: "nobody, scanned" });
    expect(outcome.sentence).toContain("has flaws");
  });

  it("is rejected where there will never be evidence: that is decided too", async () => {
    const { outcome } = await replayed({
      scanned: async () => error(new VoucherError("no-evidence", "arm64 is never scanned")),
    });

    expect(outcome).toEqual({ kind: "rejected", reason: "scanned", sentence: "arm64 is never scanned" });
  });

  it("is pending where evidence is awaited, however long ago it was first seen", async () => {
    const { outcome, publisher } = await replayed({
      nobody: ok,
      scanned: async () => pending("scan", "the scan is running"),
    });

    expect(outcome).toEqual({ kind: "pending", reason: "scanned", sentence: "the scan is running" });
    expect(publisher.published).toEqual([]);
  });

  it.each<[ErrorCode, boolean]>([
    ["limit", false],
    ["digest-mismatch", false],
    ["unavailable", true],
    ["timeout", true],
  ])(
    "has failed of %s where a check could not be answered, and is copied nowhere",
    async (code, retryable) => {
      const judge = async () => error(new VoucherError(code, `${code} it is`, { retryable }));
      const { outcome, publisher } = await replayed({ nobody: judge });

      expect(outcome).toEqual({ kind: "failed", reason: code, sentence: `${code} it is` });
      expect(publisher.published).toEqual([]);
    },
  );

  it("has failed where its image is gone", async () => {
    const { outcome } = await replayed({ nobody: ok }, { known: [] });

    expect(outcome).toMatchObject({ kind: "failed", reason: "not-found" });
  });

  it("has failed where the registry cannot be asked", async () => {
    const fault = new VoucherError("network", "the registry broke off", { retryable: true });
    const { outcome } = await replayed({ nobody: ok }, { known: [], fault });

    expect(outcome).toEqual({ kind: "failed", reason: "network", sentence: "the registry broke off" });
  });

  it("has failed where what passed could not be stored", async () => {
    const store = new MemoryStore();
    store.putFault = () => new VoucherError("unavailable", "Grafeas answers 503", { retryable: true });
    const { outcome } = await replayed({ nobody: ok }, { store });

    expect(outcome).toMatchObject({ kind: "failed", reason: "unavailable" });
    expect(outcome.sentence).toContain("Grafeas answers 503");
  });

  it("is ignored where it is of no image, or of a host that is not ours", async () => {
    const chart = artifact("application/vnd.cncf.helm.config.v1+json");
    const { outcome } = await replayed({ nobody: ok }, { of: chart, known: [chart] });
    expect(outcome).toMatchObject({ kind: "ignored", reason: expect.stringContaining("helm") });

    const elsewhere = await replayed({ nobody: ok }, { settings: { onlyHostsOf: ["eu.gcr.io"] } });
    expect(elsewhere.outcome.kind).toBe("ignored");
  });

  it("is approved in a dry run of the configuration too, where nothing is stored", async () => {
    const { outcome, store } = await replayed({ nobody: ok }, { dryRun: true });

    expect(outcome.kind).toBe("approved");
    expect(store.contents).toEqual([]);
  });

  it("is checked again by force, whatever is attested", async () => {
    const store = new MemoryStore();
    let judged = 0;
    const counting = async () => {
      judged += 1;
      return pass;
    };
    await replayed({ nobody: counting }, { store });
    await replayed({ nobody: counting }, { store });
    expect(judged).toBe(1);

    await replayed({ nobody: counting }, { store, settings: { existing: "force" } });
    expect(judged).toBe(2);
  });
});
