import type { Config } from "../config/config.ts";
import type { Observer, Publisher } from "../ports.ts";
import { fullTopicName } from "../pubsub/names.ts";
import { createPublisher } from "../pubsub/publisher.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who verdict events are from: the service that Cloud Run runs, where it runs one. */
export function sourceOf(env: Surroundings["env"]): string {
  const service = env["K_SERVICE"];
  const project = env["GOOGLE_CLOUD_PROJECT"];
  if (!service) return "voucher";
  return `//run.googleapis.com/${project ? `projects/${project}/` : ""}services/${service}`;
}

/** A publisher to the topics that are configured. Throws `config` for a topic that cannot be named in full. */
export function publisherOf({ events }: Config, { env }: Surroundings, observer: Observer): Publisher {
  const project = env["GOOGLE_CLOUD_PROJECT"] || undefined;
  const full = (name: string | undefined, setting: string) =>
    name === undefined ? undefined : fullTopicName(name, setting, project);
  return createPublisher({
    onRequest: () => observer.request("pubsub"),
    emulator: env["PUBSUB_EMULATOR_HOST"] || undefined,
    topics: {
      push: full(events.pushTopic, "events.push_topic"),
      waiting: full(events.waitingTopic, "events.waiting_topic"),
      "dead-letter": full(events.deadLetterTopic, "events.dead_letter_topic"),
      verdict: full(events.verdictTopic, "events.verdict_topic"),
    },
  });
}
