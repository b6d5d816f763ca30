import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { deliver } from "../../lib/delivery/deliver.ts";
import { VoucherError } from "../../lib/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { indexOf, platformImage } from "../support/fake-images.ts";
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

/** Eleven platforms and the index, two checks: 24 attestations are owed. */
const ELEVEN = [
  "amd64",
  "arm64",
  "arm/v5",
  "arm/v6",
  "arm/v7",
  "386",
  "ppc64le",
  "s390x",
  "riscv64",
  "mips64le",
  "loong64",
];
const index = indexOf(ELEVEN.map((architecture) => platformImage(`linux/${architecture}`, { user: "app" })));
const OWED = 24;

async function deliverTo(store: MemoryStore) {
  const observer = recordingObserver();
  const data = Buffer.from(JSON.stringify({ action: "INSERT", digest: formatReference(index.reference) }));
  const body = Buffer.from(JSON.stringify({ message: { data: data.toString("base64"), messageId: "1" } }));
  const settlement = await deliver(
    { headers: {}, body },
    { checks: CHECKS, platforms: { select: "all", index: "all" }, deadline: 240_000, maxMinutes: 60 },
    {
      resolver: resolverOf([index]),
      evidence: evidenceFrom(),
      clock: handClock(),
      observer,
      publisher: publishingTo([]),
      attesting: { store, signer: keys.signer, keyRing: keys.keyRing },
    },
  );
  const verdict = observer.entries[0]?.fields["verdict"] as {
    platforms: { results: { attested: boolean }[] }[];
    results: { attested: boolean }[];
  };
  const results = [...verdict.results, ...verdict.platforms.flatMap((platform) => platform.results)];
  return { settlement, owed: results.filter(({ attested }) => !attested).length };
}

describe("an event of which a part could not be stored", () => {
  it("stores the rest, says what is owed, comes back, and then signs only that: whichever part it was", async () => {
    const subset = fc.uniqueArray(fc.integer({ min: 0, max: OWED - 1 }), { minLength: 1, maxLength: OWED });
    await fc.assert(
      fc.asyncProperty(subset, async (failing) => {
        const store = new MemoryStore();
        let put = -1;
        store.putFault = () => {
          put += 1;
          return failing.includes(put) ? new VoucherError("forbidden", "quota is used up") : undefined;
        };
        const first = await deliverTo(store);
        expect(first.settlement).toMatchObject({ status: 503 });
        expect(first.owed).toBe(failing.length);
        expect(store.all).toHaveLength(OWED - failing.length);

        const before = new Map(store.all.map(({ id, signatures }) => [id, signatures]));
        let signed = 0;
        store.putFault = () => {
          signed += 1;
          return undefined;
        };
        const second = await deliverTo(store);
        expect(second).toMatchObject({ settlement: { status: 204, outcome: "attested" }, owed: 0 });
        expect(signed).toBe(failing.length);
        expect(store.all).toHaveLength(OWED);
        for (const { id, signatures } of store.all) expect(before.get(id) ?? signatures).toBe(signatures);
      }),
      { numRuns: 60 },
    );
  });
});
