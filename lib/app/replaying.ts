import type { Check } from "../check/contract.ts";
import type { Config } from "../config/config.ts";
import type { DeliveryPorts, DeliverySettings } from "../delivery/deliver.ts";
import { VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import type { Repositories } from "../ports/sources.ts";
import type { AttestationStore, Clock, Observer } from "../ports.ts";
import { createBacklog } from "../pubsub/backlog.ts";
import { fullSubscriptionName, fullTopicName } from "../pubsub/names.ts";
import { createPublisher } from "../pubsub/publisher.ts";
import { createPuller } from "../pubsub/puller.ts";
import { lookIntoCheckpoint, noCheckpoint, openCheckpoint } from "../replay/checkpoint.ts";
import { deadLetters } from "../replay/dead-letter-source.ts";
import type { Source } from "../replay/event.ts";
import { eventsIn, type InputFile } from "../replay/file-source.ts";
import type { Selection } from "../replay/filter.ts";
import type { Glob } from "../replay/glob.ts";
import { imagesAttested, imagesIn } from "../replay/image-source.ts";
import { reviewInProcess } from "../replay/in-process.ts";
import { type Listener, type Replayed, replay, type Sink } from "../replay/replay.ts";
import { imagesOfRepository } from "../replay/repository-source.ts";
import { publishToTopic } from "../replay/to-topic.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where the events of a replay come from. */
export type ReplaySource =
  | { readonly kind: "file" | "images"; readonly file: InputFile }
  /** Short or full name. */
  | { readonly kind: "dead-letter"; readonly subscription: string; readonly discard: boolean }
  | { readonly kind: "repository"; readonly repository: Reference; readonly tag?: Glob | undefined }
  | { readonly kind: "attested"; readonly check: string };

export interface ReplayRequest {
  readonly source: ReplaySource;
  readonly selection: Selection;
  /** Short or full name; without one, events are reviewed in this process. */
  readonly topic?: string | undefined;
  /** Replays nothing, and tells what would be. */
  readonly dryRun: boolean;
  /** Runs every check and signs anew, whatever is attested. */
  readonly force: boolean;
  readonly concurrency: number;
  readonly rate?: number | undefined;
  /** The path of a file. */
  readonly checkpoint?: string | undefined;
}

/** What a replay works with. What is a function is made on first use, since not every replay needs it. */
export interface Replaying extends Surroundings {
  readonly config: Config;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly checksNamed: (names: readonly string[]) => readonly Check[];
  readonly repositories: () => Repositories;
  readonly store: () => AttestationStore;
  readonly settings: () => DeliverySettings;
  readonly ports: () => DeliveryPorts;
}

/** Replays events until their end or until `stop` aborts. Throws `usage`, `config`, and what {@link replay} throws. */
export async function replayEvents(
  request: ReplayRequest,
  means: Replaying,
  listener: Listener,
  stop: AbortSignal,
): Promise<Replayed> {
  const { concurrency, rate, selection, checkpoint: path, dryRun } = request;
  const { clock, observer, config } = means;
  // Reviews that attest nothing leave every event as it was.
  const lasting = !dryRun && (request.topic !== undefined || !config.dryrun);
  const { sink, into } = sinkOf(request, means);
  const { source, release = async () => {} } = sourceOf(request, means);
  const open = lasting ? openCheckpoint : lookIntoCheckpoint;
  const checkpoint = path === undefined ? noCheckpoint : await open(path, { source: source.name, into });
  const discard = request.source.kind === "dead-letter" && request.source.discard;
  const { deadline } = clock;
  try {
    return await replay(
      {
        source,
        sink: dryRun ? undefined : sink(),
        lasting,
        selection,
        checkpoint,
        concurrency,
        rate,
        discard,
        deadline,
      },
      recording(listener, observer),
      stop,
    );
  } finally {
    await release();
    await checkpoint.close();
  }
}

/** Whoever replays is told by `listener`, so what an event met is no alarm; the log keeps it all the same. */
function recording(listener: Listener, observer: Observer): Listener {
  return {
    ...listener,
    outcome(where, outcome) {
      const { kind, reason, sentence } = outcome;
      observer.record("INFO", "event replayed", { where, outcome: kind, reason, sentence });
      listener.outcome(where, outcome);
    },
  };
}

interface Opened {
  readonly source: Source;
  /** Lets go of what the source holds. */
  release?(): Promise<void>;
}

function sourceOf({ source }: ReplayRequest, means: Replaying): Opened {
  const { repositories } = means;
  switch (source.kind) {
    case "file":
      return { source: eventsIn(source.file) };
    case "images":
      return { source: imagesIn(source.file, repositories()) };
    case "repository":
      return { source: imagesOfRepository(source.repository, source.tag, repositories()) };
    case "attested":
      return { source: attestedSource(source.check, means) };
    case "dead-letter":
      return deadLetterSource(source.subscription, means);
  }
}

function attestedSource(check: string, { store, checksNamed }: Replaying): Source {
  const [only, ...more] = checksNamed([check]);
  if (only?.name !== check || more.length > 0) {
    throw new VoucherError("usage", `--attested takes one check, and ${JSON.stringify(check)} is a group`);
  }
  const attested = store().attested?.bind(store());
  if (attested !== undefined) return imagesAttested(check, (signal) => attested(check, signal));
  throw new VoucherError(
    "usage",
    "this store keeps attestations beside each image, and has no list of them; name --repository or --images instead",
  );
}

function deadLetterSource(name: string, { config, env, clock, observer }: Replaying): Opened {
  const project = config.pubsub.project ?? (env["GOOGLE_CLOUD_PROJECT"] || undefined);
  const subscription = fullSubscriptionName(name, "--dead-letter", project);
  const emulator = env["PUBSUB_EMULATOR_HOST"] || undefined;
  const connect = () => createPuller(subscription, emulator);
  const backlog = createBacklog({ connect, publishedBefore: clock.now(), observer });
  return { source: deadLetters(subscription, backlog), release: () => backlog.release() };
}

interface Aim {
  /** What is done with events, in words that are the same in every run. */
  readonly into: string;
  readonly sink: () => Sink;
}

function sinkOf({ topic, force }: ReplayRequest, means: Replaying): Aim {
  if (topic !== undefined) return topicSink(topic, means);
  const { settings, ports } = means;
  if (!force) return { into: "reviewed here", sink: () => reviewInProcess(settings(), ports()) };
  const forcing = () => ({ ...settings(), existing: "force" as const });
  return { into: "reviewed here by force", sink: () => reviewInProcess(forcing(), ports()) };
}

function topicSink(topic: string, { config, env, clock }: Replaying): Aim {
  const project = config.pubsub.project ?? (env["GOOGLE_CLOUD_PROJECT"] || undefined);
  const name = fullTopicName(topic, "--to-topic", project);
  const emulator = env["PUBSUB_EMULATOR_HOST"] || undefined;
  const publisher = () => createPublisher({ topics: { push: name }, emulator });
  return { into: `published to ${name}`, sink: () => publishToTopic(publisher(), clock) };
}
