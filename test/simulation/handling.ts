import type { Settlement } from "../../lib/delivery/settle.ts";
import type { Fleet, Instance, Job } from "./fleet.ts";
import type { Happening, Settings } from "./history.ts";
import type { Keys } from "./keys.ts";
import type { Claim } from "./oracle.ts";
import type { Acknowledge, Delivery } from "./pubsub.ts";
import type { Scheduler } from "./scheduler.ts";
import { requestOf, type Topics } from "./topics.ts";
import type { DeliveryWatch, Handled, HandledOccurrence, HandledPush } from "./watch-deliveries.ts";

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
  /** What a process that has no topics does of a delivery. */
  replayJob(delivery: Delivery): Job;
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

/** Whether it was given up because of what went wrong. */
function isAbandoned({ settlement, disturbances }: Handled): boolean {
  if (settlement.outcome !== "dead-lettered") return false;
  const { deadLetter } = settlement;
  return deadLetter === "attempts" || disturbances.some((code) => code === deadLetter);
}

export function createHandling(options: HandlingOptions): Handling {
  const { scheduler, settings, fleet, topics, watch, survey } = options;

  function handled(by: Instance, from: number, settlement: Settlement, repository: string): Handled {
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
      settlement,
      hasStood: (claim) => survey.hasStood(by, repository, claim, from),
    };
  }

  function pushJob(delivery: Delivery, isInProcess: boolean): Job {
    const { message, attempt } = delivery;
    const original = topics().originalOf(message);
    const { event } = original;
    const isCounted = settings.deadLetterTopic && !isInProcess;
    return {
      what: () =>
        `${message.id}${message.id === original.id ? "" : ` (${original.id})`}, delivery ${attempt}`,
      handle: (program) => program.push(requestOf(delivery, isCounted)),
      ended(by, from, settlement) {
        const copies = topics()
          .taken.filter((one) => one.original === original && one.by === by && one.at >= from)
          .map(({ topic }) => topic);
        const more: Omit<HandledPush, keyof Handled> = {
          original,
          waited: "voucher-first-seen" in message.attributes,
          attempt: isCounted ? attempt : undefined,
          topics: !isInProcess,
          copies,
        };
        const repository = event.kind === "junk" ? "" : event.place.repository;
        const all = { ...handled(by, from, settlement, repository), ...more };
        watch.push(all);
        if (isAbandoned(all)) topics().ledger.abandon(original);
        if (isOver(settlement, settings)) topics().ledger.end(original);
      },
    };
  }

  return {
    push: (delivery, acknowledge) => fleet.dispatch(pushJob(delivery, false), acknowledge),
    replayJob: (delivery) => pushJob(delivery, true),
    occurrence(delivery, acknowledge) {
      const announced = options.announced(delivery.message.id);
      const { place } = announced;
      const job: Job = {
        what: () => `${delivery.message.id} (announces ${place.content}), delivery ${delivery.attempt}`,
        handle: (program) => program.occurrence(requestOf(delivery, false)),
        ended(by, from, settlement) {
          const unfinished = survey.unfinished(announced, from, scheduler.now());
          watch.occurrence({ ...handled(by, from, settlement, place.repository), place, unfinished });
        },
      };
      fleet.dispatch(job, acknowledge);
    },
  };
}
