import { EVENT_ID } from "../delivery/copy.ts";
import type { DeliveryPorts, DeliverySettings } from "../delivery/deliver.ts";
import { type DeliveredAgain, deliverAgain } from "../delivery/deliver-again.ts";
import type { Review } from "../review/judgement.ts";
import type { Sink } from "./replay.ts";
import type { Outcome } from "./tally.ts";

/** Reviews each event here and now, as if it had just been published, and attests what passes. */
export function reviewInProcess(settings: DeliverySettings, ports: DeliveryPorts): Sink {
  return async ({ message: { data, attributes } }) => {
    const messageId = attributes[EVENT_ID] ?? "";
    const envelope = { messageId, data, attributes, publishTime: ports.clock.now() };
    return outcomeOf(await deliverAgain(envelope, settings, ports));
  };
}

/** What the acknowledgement table's answer means for whoever replays. */
export function outcomeOf({ settlement, ending }: DeliveredAgain): Outcome {
  const { reason: sentence } = settlement;
  const review = ending.kind === "reviewed" ? ending.review : undefined;
  switch (settlement.outcome) {
    case "attested":
      return { kind: "approved" };
    case "decided": {
      const failing = checksThat(review, ["fail", "error"]);
      return failing === ""
        ? { kind: "approved", sentence }
        : { kind: "rejected", reason: failing, sentence };
    }
    case "ignored":
      return { kind: "ignored", reason: sentence };
    case "waiting":
      return { kind: "pending", reason: checksThat(review, ["pending"]), sentence };
    case "dead-lettered":
      return { kind: "failed", reason: settlement.deadLetter, sentence };
    case "retry":
      return { kind: "failed", reason: settlement.error?.code ?? "unavailable", sentence };
  }
}

type Status = Review["judgements"][number]["outcome"]["status"];

/** The names of the checks of which some outcome is one of `statuses`, in their order. */
function checksThat(review: Review | undefined, statuses: readonly Status[]): string {
  const found = judgementsOf(review).filter(({ outcome }) => statuses.includes(outcome.status));
  return [...new Set(found.map(({ checkName }) => checkName))].join(", ");
}

function judgementsOf(review: Review | undefined): Review["judgements"] {
  if (review === undefined) return [];
  return [...review.judgements, ...review.platforms.flatMap(({ judgements }) => judgements)];
}
