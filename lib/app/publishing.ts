import type { Config } from "../config/config.ts";
import type { Publisher } from "../ports.ts";
import { fullTopicName } from "../pubsub/names.ts";
import { createPublisher } from "../pubsub/publisher.ts";
import type { Surroundings } from "./surroundings.ts";

/** A publisher to the topics that are configured. Throws `config` for a topic that cannot be named in full. */
export function publisherOf({ events }: Config, { env }: Surroundings): Publisher {
  const project = env["GOOGLE_CLOUD_PROJECT"] || undefined;
  const full = (name: string | undefined, setting: string) =>
    name === undefined ? undefined : fullTopicName(name, setting, project);
  return createPublisher({
    emulator: env["PUBSUB_EMULATOR_HOST"] || undefined,
    topics: {
      push: full(events.pushTopic, "events.push_topic"),
      waiting: full(events.waitingTopic, "events.waiting_topic"),
      "dead-letter": full(events.deadLetterTopic, "events.dead_letter_topic"),
      verdict: full(events.verdictTopic, "events.verdict_topic"),
    },
  });
}
