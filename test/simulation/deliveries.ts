import type { Settlement } from "../../lib/delivery/settle.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import type { Topic } from "../../lib/ports.ts";
import type { Outcome } from "../../lib/replay/tally.ts";
import type { Place, PushEvent } from "./history.ts";
import type { Keys } from "./keys.ts";
import type { Claim } from "./oracle.ts";

/** An event as it was published: by a registry, or anew by a replay, under its old id. */
export interface Original {
  /** The id of the event. */
  readonly id: string;
  readonly event: PushEvent;
  readonly published: number;
}

/** What is known of how an instance handled something. */
export interface Handled {
  readonly by: string;
  readonly keys: Keys;
  readonly from: number;
  readonly to: number;
  /** What it may have taken for good of what went wrong while it ran; `undefined` stands for what it may not. */
  readonly disturbances: readonly (ErrorCode | undefined)[];
  /** Whether instances of another configuration were about. */
  readonly mixed: boolean;
  /** Whether attestations of others may have been hidden from it. */
  readonly hidden: boolean;
  /** Whether an attestation that counts for it was there to be seen all the time. */
  readonly hasStood: (claim: Claim) => boolean;
}

interface Settled extends Handled {
  readonly settlement: Settlement;
  /** The topics that took something about the event from it meanwhile. */
  readonly topics: readonly Topic[];
}

/** A delivery of a registry's event. */
export interface HandledPush extends Settled {
  readonly original: Original;
  /** Whether it came from the waiting topic. */
  readonly waited: boolean;
  readonly attempt: number | undefined;
}

/** A delivery of an announcement of Container Analysis. */
export interface HandledOccurrence extends Settled {
  readonly place: Place;
  /** Whether it spoke of a scan that was still going on. */
  readonly unfinished: "throughout" | "at times" | "never";
}

/** An event that a replay has reviewed in its own process. */
export interface HandledAgain extends Handled {
  readonly place: Place;
  readonly outcome: Outcome;
}

/** The longest that a delivery may take without a fault in the world, in milliseconds. */
const LONG_MS = 200_000;

/** What anything may have ended in, because of what went wrong. */
export function errorsOf({ disturbances }: Handled): readonly ErrorCode[] {
  return [...new Set(disturbances.filter((code) => code !== undefined))];
}

/** Whether it may come back: something went wrong, or will be otherwise. */
export function mayComeBack({ disturbances, hidden, from, to }: Handled): boolean {
  return disturbances.length > 0 || hidden || to - from > LONG_MS;
}

/** Whether nothing has kept it from seeing what stands. */
export function sawClearly({ disturbances, mixed, from, to }: Handled): boolean {
  return disturbances.length === 0 && !mixed && to - from < LONG_MS;
}
