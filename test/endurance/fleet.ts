import type { Envelope } from "../../lib/event/envelope.ts";
import { type DeliveryEntry, type FunctionProcess, startFunction } from "../support/function-process.ts";
import type { Random } from "../support/random.ts";
import { pushTo } from "./bridge.ts";

/** Several instances of `onPush`, as Cloud Run runs them behind one address. */
export interface Fleet {
  /** What the instances logged about deliveries, the dead ones included. */
  deliveries(): readonly DeliveryEntry[];
  /** How many deliveries ended with an instance, or before Pub/Sub heard of their end. */
  unheard(): number;
  /** Hands a message to one of the instances. Returns what Pub/Sub hears: 503, as Cloud Run says it, where that instance died. */
  deliver(message: Envelope): Promise<number>;
  /** Kills one instance at once, in the middle of whatever it does, and starts another in its place. */
  killOne(): Promise<void>;
  /** From now on Pub/Sub hears every answer. */
  calm(): void;
  close(): Promise<void>;
}

export interface FleetOptions {
  readonly config: string;
  readonly env: { readonly [name: string]: string };
  readonly size: number;
  readonly random: Random;
  /** The share of answers that Pub/Sub never hears, so that it delivers again. */
  readonly lost: number;
}

/** Starts `size` instances. */
export async function startFleet({ config, env, size, random, lost }: FleetOptions): Promise<Fleet> {
  const start = () => startFunction(config, env);
  const started: FunctionProcess[] = await Promise.all(Array.from({ length: size }, start));
  const living = new Set(started);
  let turn = 0;
  let unheard = 0;
  let isCalm = false;
  const next = () => {
    turn += 1;
    return [...living][turn % living.size];
  };
  return {
    deliveries: () => started.flatMap(({ deliveries }) => deliveries),
    unheard: () => unheard,
    async deliver(message) {
      const instance = next();
      const status = instance && (await pushTo(instance, message).catch(() => undefined));
      if (status !== undefined && (isCalm || !random.chance(lost))) return status;
      unheard += 1;
      return 503;
    },
    calm() {
      isCalm = true;
    },
    async killOne() {
      const victim = next();
      if (victim === undefined) return;
      living.delete(victim);
      victim.process.signal("SIGKILL");
      await victim.process.ended;
      const another = await start();
      started.push(another);
      living.add(another);
    },
    async close() {
      await Promise.all(started.map((one) => one.close()));
    },
  };
}
