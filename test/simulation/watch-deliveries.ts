import type { Settlement } from "../../lib/delivery/settle.ts";
import {
  errorsOf,
  type Handled,
  type HandledAgain,
  type HandledOccurrence,
  type HandledPush,
  mayComeBack,
  sawClearly,
} from "./deliveries.ts";
import { type Ending, endingsOf, type Reviewed } from "./endings.ts";
import type { History, Place } from "./history.ts";
import type { Oracle } from "./oracle.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ClaimWatch } from "./watch-claims.ts";

export interface DeliveryWatch {
  push(handled: HandledPush): void;
  occurrence(handled: HandledOccurrence): void;
  replayed(handled: HandledAgain): void;
  /** How often deliveries ended in each way. */
  readonly endings: ReadonlyMap<string, number>;
}

export interface DeliveryWatchOptions {
  readonly history: History;
  readonly oracle: Oracle;
  readonly scheduler: Scheduler;
  readonly claims: ClaimWatch;
}

/** Sees to it that each delivery ends as the acknowledgement table says, and that nothing is acknowledged too early. */
export function watchDeliveries({ history, oracle, scheduler, claims }: DeliveryWatchOptions): DeliveryWatch {
  const { settings } = history;
  const { skew } = settings.services;
  const endings = new Map<string, number>();

  /** What stands is not asked again, unless something kept the program from seeing it. */
  function reviewedOf(place: Place, handled: Handled): Reviewed {
    const { from, to, hasStood } = handled;
    const isClear = sawClearly(handled);
    return { place, from, to, errors: errorsOf(handled), hasStood: (claim) => isClear && hasStood(claim) };
  }

  function count({ settlement }: HandledPush | HandledOccurrence): string {
    const ending = endingOf(settlement);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    return ending;
  }

  function requireTold({ by, settlement, topics }: HandledPush | HandledOccurrence): void {
    const isSettled = settlement.outcome === "attested" || settlement.outcome === "decided";
    if (isSettled && settings.verdictTopic && !topics.includes("verdict"))
      scheduler.fail(`${by} settled an event as ${settlement.outcome}, and published no verdict`);
  }

  function reviewedPush(place: Place, handled: HandledPush): void {
    const { settlement, original, waited, attempt, from, by, topics } = handled;
    const { published } = original;
    const since = { earliest: published - skew, latest: published };
    const right = endingsOf(oracle, settings, { ...reviewedOf(place, handled), since });
    const mayWait = settings.waitingTopic && !waited;
    const comesBack = mayComeBack(handled) || right.has("not there") || (right.has("waits") && !mayWait);
    const ending = count(handled);
    const { maxAttempts = Number.POSITIVE_INFINITY } = settings;
    const isLast = attempt !== undefined && attempt >= maxAttempts;
    const isWaiting = waited && from - published < settings.maxMinutes * 60_000 - skew;
    const wrong = (why: string) =>
      scheduler.fail(`${by} ended ${place.content} as ${ending}${why} (right: ${listed(right)})`);
    requireTold(handled);

    switch (settlement.outcome) {
      case "retry":
        if (!comesBack) wrong(", though nothing stood against it");
        else if (isLast && !waited && handled.disturbances.length === 0) wrong(` at delivery ${attempt}`);
        return;
      case "waiting":
        if (!mayWait || !right.has("waits")) wrong("");
        else if (!topics.includes("waiting")) wrong(", and no copy waits");
        break;
      case "dead-lettered": {
        const { deadLetter } = settlement;
        if (settings.deadLetterTopic && !topics.includes("dead-letter")) wrong(", and there is no letter");
        if (deadLetter === "attempts") {
          if (!isLast || isWaiting || !comesBack) wrong("");
          return;
        }
        if (errorsOf(handled).includes(deadLetter)) return;
        if (!right.has(`dead-lettered: ${deadLetter}`)) wrong("");
        break;
      }
      default:
        if (!right.has(settlement.outcome)) wrong("");
    }
    claims.requireStored(place, handled, isOpenOrGivenUp(settlement));
  }

  return {
    endings,
    push(handled) {
      const { original, settlement, by } = handled;
      const { event } = original;
      if (event.kind === "push") return reviewedPush(event.place, handled);
      const expected: Ending = event.kind === "junk" ? "dead-lettered: malformed" : "ignored";
      const ending = count(handled);
      if (settlement.outcome === "retry" && mayComeBack(handled)) return;
      if (ending !== expected) scheduler.fail(`${by} ended an event of kind ${event.kind} as ${ending}`);
    },
    occurrence(handled) {
      const { settlement, place, by, unfinished } = handled;
      const right = endingsOf(oracle, settings, reviewedOf(place, handled));
      const ending = count(handled);
      requireTold(handled);
      // What nothing can help, or is gone, is left to the image's own push event.
      const isLeftToPush =
        errorsOf(handled).length > 0 ||
        [...right].some((one) => one === "not there" || one.startsWith("dead-lettered"));
      if (settlement.outcome === "retry" && mayComeBack(handled)) return;
      if (settlement.outcome === "ignored" && (unfinished !== "never" || isLeftToPush)) return;
      if (unfinished === "throughout" && settlement.outcome !== "retry")
        scheduler.fail(`${by} reviewed ${place.content}, though its scan goes on`);
      if (!has(right, ending))
        scheduler.fail(
          `${by} ended an announcement of ${place.content} as ${ending} (right: ${listed(right)})`,
        );
      claims.requireStored(place, handled, isOpenOrGivenUp(settlement));
    },
    replayed(handled) {
      const { place, outcome, by, from, to } = handled;
      const since = { earliest: from - skew, latest: to + skew };
      const right = endingsOf(oracle, settings, { ...reviewedOf(place, handled), since });
      const ending = REPLAYED[outcome.kind] ?? `dead-lettered: ${outcome.reason}`;
      const isBack = mayComeBack(handled) || right.has("not there");
      if (outcome.kind === "failed" && isBack) return;
      if (!has(right, ending))
        scheduler.fail(`${by} replayed ${place.content} as ${outcome.kind} (right: ${listed(right)})`);
      claims.requireStored(place, handled, outcome.kind === "failed" || outcome.kind === "pending");
    },
  };
}

/** How a replay's outcomes are called where events are delivered. */
const REPLAYED: { readonly [kind: string]: Ending } = {
  approved: "attested",
  rejected: "decided",
  ignored: "ignored",
  pending: "waits",
};

function endingOf(settlement: Settlement): string {
  return settlement.outcome === "dead-lettered"
    ? `dead-lettered: ${settlement.deadLetter}`
    : settlement.outcome;
}

function isOpenOrGivenUp({ outcome }: Settlement): boolean {
  return outcome === "waiting" || outcome === "dead-lettered";
}

function has(right: ReadonlySet<Ending>, ending: string): boolean {
  return [...right].some((one) => one === ending || (one === "waits" && ending === "waiting"));
}

function listed(right: ReadonlySet<Ending>): string {
  return [...right].join(", ") || "none";
}
