import { type Check, pass } from "../../lib/check/contract.ts";
import { deliver } from "../../lib/delivery/deliver.ts";
import type { Settlement } from "../../lib/delivery/settle.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Observer, Publisher } from "../../lib/ports.ts";
import { singleImage } from "./fake-images.ts";
import { evidenceFrom, handClock, recordingObserver, resolverOf } from "./fake-ports.ts";
import { MemoryStore } from "./memory-store.ts";
import type { TestKeys } from "./test-keys.ts";

export const IMAGE = singleImage("linux/amd64", { user: "app" });
/** The push event of {@link IMAGE}. */
export const EVENT = JSON.stringify({ action: "INSERT", digest: formatReference(IMAGE.reference) });
export const NOON = "2026-11-25T12:00:00.000Z";

export interface Delivered {
  /** How the one check, `nobody`, judges; without, the image passes. */
  readonly judge?: Check["judge"];
  readonly data?: string;
  readonly body?: Uint8Array;
  readonly headers?: { readonly [name: string]: string };
  readonly attributes?: { readonly [name: string]: string };
  readonly publishTime?: string;
  readonly attempt?: number;
  /** What the clock says when evidence is gathered, where that is no longer noon. */
  readonly evidenceAt?: string;
  readonly store?: MemoryStore;
  readonly observer?: Observer;
  readonly publisher: Publisher;
}

/** Delivers an event at noon, as message 17, and gives it up at its fifth delivery. */
export async function deliverTo(
  keys: TestKeys,
  { judge = async () => pass, publisher, ...event }: Delivered,
): Promise<Settlement> {
  const { store = new MemoryStore(), observer = recordingObserver(), headers = {} } = event;
  const message = {
    data: Buffer.from(event.data ?? EVENT).toString("base64"),
    messageId: "17",
    publishTime: event.publishTime ?? NOON,
    attributes: event.attributes,
  };
  const body = Buffer.from(JSON.stringify({ message, deliveryAttempt: event.attempt }));
  return deliver(
    { headers, body: event.body ?? body },
    {
      checks: [{ name: "nobody", description: "", judge }],
      platforms: { select: "all", index: "all" },
      deadline: 240_000,
      maxAttempts: 5,
      maxMinutes: 60,
    },
    {
      resolver: resolverOf([IMAGE]),
      evidence: evidenceFrom(new Date(event.evidenceAt ?? NOON)),
      clock: handClock(), // noon
      observer,
      publisher,
      attesting: { store, signer: keys.signer, keyRing: keys.keyRing },
    },
  );
}
