import { bundled } from "./bundled.ts";
import type { DeliveryEntry } from "./function-process.ts";
import { startProcess, type TestProcess } from "./processes.ts";

/** `voucher subscribe` of the bundle, in a process of its own. */
export interface SubscriberProcess {
  readonly process: TestProcess;
  /** The deliveries settled so far, in their order. */
  readonly deliveries: readonly DeliveryEntry[];
  close(): Promise<void>;
}

export interface SubscriberSettings {
  readonly config: string;
  /** `host:port` of the emulator. */
  readonly emulator: string;
  readonly args?: readonly string[];
}

/** Starts the subscriber and waits until it pulls. */
export async function startSubscriber({
  config,
  emulator,
  args = [],
}: SubscriberSettings): Promise<SubscriberProcess> {
  const deliveries: DeliveryEntry[] = [];
  const started = await startProcess(
    process.execPath,
    [bundled("voucher.mjs"), "subscribe", "--config", config, ...args],
    {
      env: { PUBSUB_EMULATOR_HOST: emulator, METADATA_SERVER_DETECTION: "none" },
      ready: /"message":"pulling"/,
      onLine: (line) => {
        const entry = line.startsWith("{") ? (JSON.parse(line) as Partial<DeliveryEntry>) : {};
        if (entry.outcome !== undefined) deliveries.push(entry as DeliveryEntry);
      },
    },
  );
  return { process: started, deliveries, close: started.close };
}
