import type { Config } from "../config/config.ts";
import type { Publisher } from "../ports.ts";
import { createPublisher } from "../pubsub/publisher.ts";
import { fullTopicName } from "../pubsub/topics.ts";

/** Where this process runs, as far as Pub/Sub is concerned. */
export interface PubSubSurroundings {
  /** The project that topics without one belong to. */
  readonly project?: string | undefined;
  /** `host:port` of the emulator, where one stands in for Pub/Sub. */
  readonly emulator?: string | undefined;
}

/** A publisher to the topics that are configured. Throws `config` for a topic that cannot be named in full. */
export function publisherOf({ events }: Config, { project, emulator }: PubSubSurroundings): Publisher {
  const full = (name: string | undefined, setting: string) =>
    name === undefined ? undefined : fullTopicName(name, setting, project);
  return createPublisher({
    emulator,
    topics: {
      push: full(events.pushTopic, "events.push_topic"),
      waiting: full(events.waitingTopic, "events.waiting_topic"),
      "dead-letter": full(events.deadLetterTopic, "events.dead_letter_topic"),
      verdict: full(events.verdictTopic, "events.verdict_topic"),
    },
  });
}
