import { asVoucherError, type ErrorCode } from "../errors.ts";
import type { Clock, Publisher } from "../ports.ts";
import type { Sink } from "./replay.ts";

const PUBLISH_MS = 20_000;

/** What is wrong with the topic or with who publishes to it is wrong for every event. */
const OF_THE_TOPIC: readonly ErrorCode[] = ["config", "not-found", "forbidden", "unauthorized"];

/** Publishes each event to the topic of pushes, as it was, for whoever reviews what comes from there. */
export function publishToTopic(publisher: Publisher, clock: Clock): Sink {
  return async ({ message }) => {
    try {
      await publisher.publish("push", message, clock.deadline(PUBLISH_MS));
      return { kind: "published" };
    } catch (fault) {
      const error = asVoucherError(fault);
      if (OF_THE_TOPIC.includes(error.code)) throw error;
      return { kind: "failed", reason: error.code, sentence: error.message };
    }
  };
}
