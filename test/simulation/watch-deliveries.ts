import type { Settlement } from "../../lib/delivery/settle.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import { type Ending, endingsOf, type Reviewed } from "./endings.ts";
import type { History, Place, PushEvent } from "./history.ts";
import type { Keys } from "./keys.ts";
import type { Claim, Oracle } from "./oracle.ts";
import type { Scheduler } from "./scheduler.ts";
import type { AttestationWatch } from "./watch-attestations.ts";

/** An event as it was first published, whatever copies of it there are. */
export interface Original {
  readonly id: string;
  readonly event: PushEvent;
  readonly published: number;
}

/** One delivery that an instance has handled. */
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
  readonly settlement: Settlement;
  /** Whether an attestation that counts for it was there to be seen all the time. */
  readonly hasStood: (claim: Claim) => boolean;
}

/** A delivery of a registry's event. */
export interface HandledPush extends Handled {
  readonly original: Original;
  /** Whether it came from the waiting topic. */
  readonly waited: boolean;
  readonly attempt: number | undefined;
  /** Whether there are topics for copies: a replay in process has none. */
  readonly topics: boolean;
  /** The topics that took a copy of it while it was handled. */
  readonly copies: readonly string[];
}

/** A delivery of an announcement of Container Analysis. */
export interface HandledOccurrence extends Handled {
  readonly place: Place;
  /** Whether it spoke of a scan that was still going on. */
  readonly unfinished: "throughout" | "at times" | "never";
}

export interface DeliveryWatch {
  push(handled: HandledPush): void;
  occurrence(handled: HandledOccurrence): void;
  /** An attestation was withdrawn; whoever asked for lists may still have seen it until `until`. */
  withdrawn(repository: string, claim: Claim, until: number): void;
  /** Looks once more at everything that was found attested when an event was settled. */
  lookAgain(keys: readonly Keys[]): void;
  /** Requires all that has to be attested because of these events, by some of `keys`. */
  requireCertain(originals: readonly Original[], keys: readonly Keys[]): void;
  /** How often deliveries ended in each way. */
  readonly endings: ReadonlyMap<string, number>;
}

export interface DeliveryWatchOptions {
  readonly history: History;
  readonly oracle: Oracle;
  readonly scheduler: Scheduler;
  readonly attestations: AttestationWatch;
}

function errorsOf({ disturbances }: Handled): readonly ErrorCode[] {
  return [...new Set(disturbances.filter((code) => code !== undefined))];
}

/** The longest that a delivery may take without a fault in the world, in milliseconds. */
const LONG_MS = 200_000;

/** Sees to it that each delivery ends as the acknowledgement table says, and that nothing is acknowledged too early. */
export function watchDeliveries(options: DeliveryWatchOptions): DeliveryWatch {
  const { history, oracle, scheduler, attestations } = options;
  const { settings } = history;
  const found = new Map<string, { readonly repository: string; readonly claim: Claim }>();
  const withdrawals = new Map<string, number>();
  const endings = new Map<string, number>();

  /** What stands is not asked again, unless something kept the program from seeing it. */
  function reviewedOf(place: Place, handled: Handled): Reviewed {
    const { from, to, disturbances, mixed, hasStood } = handled;
    const isClear = disturbances.length === 0 && !mixed && to - from < LONG_MS;
    return { place, from, to, errors: errorsOf(handled), hasStood: (claim) => isClear && hasStood(claim) };
  }

  function requireStored(
    place: Place,
    { by, keys, from, to, mixed, disturbances, settlement }: Handled,
  ): void {
    // A child that was refused to it for good holds back its index, and comes back with it.
    const isBlind = disturbances.some((code) => code !== undefined);
    if (isBlind && (settlement.outcome === "waiting" || settlement.outcome === "dead-lettered")) return;
    for (const claim of oracle.owed(place, from, to)) {
      const { repository } = place;
      const key = JSON.stringify([repository, claim]);
      if (attestations.counts(repository, claim, keys)) found.set(key, { repository, claim });
      // Who looked before it was withdrawn has seen it.
      else if ((withdrawals.get(key) ?? -1) >= from) continue;
      // Who trusts another key replaces what does not count for him; which of them comes last is chance.
      else if (!mixed)
        scheduler.fail(
          `${by} acknowledged ${place.content}, and ${claim.check} of ${claim.content} is not attested`,
        );
    }
  }

  /** Whether it may come back: something went wrong, or will be otherwise. */
  function mayComeBack(handled: Handled): boolean {
    return handled.disturbances.length > 0 || handled.hidden || handled.to - handled.from > LONG_MS;
  }

  function count(handled: Handled): string {
    const { settlement } = handled;
    const ending =
      settlement.outcome === "dead-lettered" ? `dead-lettered: ${settlement.deadLetter}` : settlement.outcome;
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    return ending;
  }

  function pushOf(place: Place, handled: HandledPush): void {
    const { settlement, original, waited, attempt, from, by } = handled;
    const { published } = original;
    const since = { earliest: published - settings.services.skew, latest: published };
    const right = endingsOf(oracle, settings, { ...reviewedOf(place, handled), since });
    const mayWait = handled.topics && settings.waitingTopic && !waited;
    const comesBack = mayComeBack(handled) || right.has("not there") || (right.has("waits") && !mayWait);
    const ending = count(handled);
    const wrong = (why: string) =>
      scheduler.fail(
        `${by} ended ${place.content} as ${ending}${why} (right: ${[...right].join(", ") || "none"})`,
      );
    const patience = settings.maxMinutes * 60_000 - settings.services.skew;
    const isLast =
      handled.topics &&
      settings.maxAttempts !== undefined &&
      attempt !== undefined &&
      attempt >= settings.maxAttempts;
    const isWaiting = waited && from - published < patience;

    if (settlement.outcome === "retry") {
      if (!comesBack) wrong(", though nothing stood against it");
      if (isLast && !isWaiting && handled.disturbances.length === 0 && !waited)
        wrong(` at its last delivery, ${attempt}`);
      return;
    }
    if (settlement.outcome === "waiting") {
      if (!mayWait || !right.has("waits")) wrong("");
      if (!handled.copies.includes("waiting")) wrong(", and no copy waits");
    } else if (settlement.outcome === "dead-lettered") {
      const { deadLetter } = settlement;
      if (handled.topics && settings.deadLetterTopic && !handled.copies.includes("dead-letter"))
        wrong(", and there is no letter");
      if (deadLetter === "attempts") {
        if (!isLast || isWaiting || !comesBack) wrong("");
        return;
      }
      if (errorsOf(handled).some((code) => code === deadLetter)) return;
      if (!right.has(`dead-lettered: ${deadLetter}`)) wrong("");
    } else if (!right.has(settlement.outcome)) wrong("");
    requireStored(place, handled);
  }

  return {
    endings,
    push(handled) {
      const { original, settlement, by } = handled;
      const { event } = original;
      if (event.kind === "push") return pushOf(event.place, handled);
      const expected: Ending = event.kind === "junk" ? "dead-lettered: malformed" : "ignored";
      const ending = count(handled);
      if (settlement.outcome === "retry" && mayComeBack(handled)) return;
      if (ending !== expected) scheduler.fail(`${by} ended an event of kind ${event.kind} as ${ending}`);
    },
    occurrence(handled) {
      const { settlement, place, by, unfinished } = handled;
      const right = endingsOf(oracle, settings, reviewedOf(place, handled));
      const ending = count(handled);
      // What nothing can help, or is gone, is left to the image's own push event.
      const isLeftToPush =
        errorsOf(handled).length > 0 ||
        [...right].some((one) => one === "not there" || one.startsWith("dead-lettered"));
      if (settlement.outcome === "retry") {
        if (mayComeBack(handled)) return;
      } else if (settlement.outcome === "ignored" && (unfinished !== "never" || isLeftToPush)) return;
      else if (unfinished === "throughout")
        scheduler.fail(`${by} reviewed ${place.content}, though its scan goes on`);
      else if (right.has(ending === "waiting" ? "waits" : (ending as Ending)))
        return requireStored(place, handled);
      scheduler.fail(
        `${by} ended an announcement of ${place.content} as ${ending} (right: ${[...right].join(", ") || "none"})`,
      );
    },
    withdrawn(repository, claim, until) {
      const key = JSON.stringify([repository, claim]);
      found.delete(key);
      withdrawals.set(key, until);
    },
    lookAgain(keys) {
      for (const { repository, claim } of found.values()) {
        if (keys.some((one) => attestations.counts(repository, claim, one))) continue;
        scheduler.fail(`${claim.check} of ${claim.content} in ${repository} was attested, and is no more`);
      }
    },
    requireCertain(originals, keys) {
      for (const { id, event, published } of originals) {
        if (event.kind !== "push") continue;
        const { place } = event;
        for (const claim of oracle.certain(place, published)) {
          if (withdrawals.has(JSON.stringify([place.repository, claim]))) continue;
          if (keys.some((one) => attestations.counts(place.repository, claim, one))) continue;
          scheduler.fail(
            `${claim.check} of ${claim.content} is not attested, though ${id} announced ${place.content}`,
          );
        }
      }
    },
  };
}
