import type { Settlement } from "../../lib/delivery/settle.ts";
import type { Topic } from "../../lib/ports.ts";
import type { Outcome } from "../../lib/replay/tally.ts";
import { errorsOf, type Handled, type HandledOccurrence, type HandledPush } from "./deliveries.ts";
import type { Fleet, Instance, Job, Process } from "./fleet.ts";
import type { Happening, Settings } from "./history.ts";
import type { Keys } from "./keys.ts";
import type { Claim } from "./oracle.ts";
import { type Acknowledge, type Delivery, requestOf } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Topics } from "./topics.ts";
import type { DeliveryWatch } from "./watch-deliveries.ts";

/** What Container Analysis has announced. */
export type Announced = Extract<Happening, { kind: "scan" | "build" }>;

/** What the world knows of a stretch of time. */
export interface Survey {
  keysOf(by: Instance): Keys;
  /** Whether instances of two configurations were at work. */
  isMixed(from: number, to: number): boolean;
  /** Whether something that was attested in `repository` may have been hidden from lists. */
  isHidden(repository: string, from: number, to: number): boolean;
  /** Whether what was announced was a scan that was still going on. */
  unfinished(announced: Announced, from: number, to: number): HandledOccurrence["unfinished"];
  /** Whether an attestation that counts for `by`, and that it could see, has stood since before `from`. */
  hasStood(by: Instance, repository: string, claim: Claim, from: number): boolean;
}

/** Hands deliveries to instances, and what became of them to the watch. */
export interface Handling {
  push(delivery: Delivery, acknowledge: Acknowledge): void;
  occurrence(delivery: Delivery, acknowledge: Acknowledge): void;
  /** A process has reviewed an event by itself. */
  replayed(process: Process, data: Uint8Array, from: number, outcome: Outcome): void;
}

export interface HandlingOptions {
  readonly scheduler: Scheduler;
  readonly settings: Settings;
  readonly fleet: Fleet;
  readonly topics: () => Topics;
  readonly watch: DeliveryWatch;
  readonly survey: Survey;
  /** What an announcement speaks of. */
  readonly announced: (announcement: string) => Announced;
}

/** Whether nothing has to be kept of an event that ended so. Without a topic for dead letters, the log is what remains. */
function isOver({ outcome }: Settlement, { deadLetterTopic }: Settings): boolean {
  if (outcome === "dead-lettered") return !deadLetterTopic;
  return outcome === "attested" || outcome === "decided" || outcome === "ignored";
}

/** Whether it was given up, wholly or in part, because of what went wrong. */
function isAbandoned(handled: HandledPush): boolean {
  const { settlement } = handled;
  if (settlement.outcome !== "dead-lettered") return false;
  return settlement.deadLetter === "attempts" || errorsOf(handled).length > 0;
}

export function createHandling(options: HandlingOptions): Handling {
  const { scheduler, settings, fleet, topics, watch, survey } = options;

  function handled(by: Instance, from: number, repository: string): Handled {
    const to = scheduler.now();
    const disturbances = by.disturbances.filter(({ at }) => at >= from).map(({ as }) => as);
    return {
      by: by.name,
      keys: survey.keysOf(by),
      from,
      to,
      disturbances,
      mixed: survey.isMixed(from, to),
      hidden: survey.isHidden(repository, from, to),
      hasStood: (claim) => survey.hasStood(by, repository, claim, from),
    };
  }

  function topicsOf(eventId: string, by: Instance, from: number): readonly Topic[] {
    const own = topics().taken.filter((one) => one.by === by && one.at >= from && one.eventId === eventId);
    return own.map(({ topic }) => topic);
  }

  function pushJob(delivery: Delivery): Job {
    const { message, attempt } = delivery;
    const original = topics().originalOf(message);
    const { event } = original;
    const isCounted = settings.deadLetterTopic;
    return {
      what: () =>
        `${message.id}${message.id === original.id ? "" : ` (${original.id})`}, delivery ${attempt}`,
      handle: (program) => program.push(requestOf(delivery, isCounted)),
      ended(by, from, settlement) {
        const more: Omit<HandledPush, keyof Handled> = {
          settlement,
          original,
          waited: "voucher-first-seen" in message.attributes,
          attempt: isCounted ? attempt : undefined,
          topics: topicsOf(original.id, by, from),
        };
        const repository = event.kind === "junk" ? "" : event.place.repository;
        const all = { ...handled(by, from, repository), ...more };
        watch.push(all);
        if (isAbandoned(all)) topics().ledger.abandon(original);
        if (isOver(settlement, settings)) topics().ledger.end(original);
      },
    };
  }

  return {
    push: (delivery, acknowledge) => fleet.dispatch(pushJob(delivery), acknowledge),
    replayed(process, data, from, outcome) {
      const event = topics().eventIn(data);
      if (event?.kind !== "push") return;
      const { repository } = event.place;
      watch.replayed({ ...handled(process, from, repository), place: event.place, outcome });
    },
    occurrence(delivery, acknowledge) {
      const announced = options.announced(delivery.message.id);
      const { place } = announced;
      const job: Job = {
        what: () => `${delivery.message.id} (announces ${place.content}), delivery ${delivery.attempt}`,
        handle: (program) => program.occurrence(requestOf(delivery, false)),
        ended(by, from, settlement) {
          const unfinished = survey.unfinished(announced, from, scheduler.now());
          const told = topicsOf(delivery.message.id, by, from);
          const more = { settlement, place, unfinished, topics: told };
          watch.occurrence({ ...handled(by, from, place.repository), ...more });
        },
      };
      fleet.dispatch(job, acknowledge);
    },
  };
}
