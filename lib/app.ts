import { attestingOf, requireStore } from "./app/attesting.ts";
import { checksOf, loadCustomChecks } from "./app/checks.ts";
import { factsOf } from "./app/evidence.ts";
import { once } from "./app/once.ts";
import { publisherOf } from "./app/publishing.ts";
import { registryOf } from "./app/registry.ts";
import { secretsOf } from "./app/secrets.ts";
import { type SubscribeRequest, subscribe } from "./app/subscribing.ts";
import type { Surroundings } from "./app/surroundings.ts";
import type { Check } from "./check/contract.ts";
import type { Config } from "./config/config.ts";
import { deliver, deliverMessage, type PushRequest } from "./delivery/deliver.ts";
import { deliverOccurrence } from "./delivery/deliver-occurrence.ts";
import type { Settlement } from "./delivery/settle.ts";
import type { Envelope } from "./event/envelope.ts";
import { applicationDefaultCredentials } from "./google/credentials.ts";
import type { Reference } from "./image/reference.ts";
import type { ResolvedImage } from "./image/resolved.ts";
import type { Clock, Observer } from "./ports.ts";
import type { Pulled } from "./pubsub/subscriber.ts";
import { type ReviewRequest, review } from "./review/review.ts";
import { toVerdict, type Verdict } from "./review/verdict.ts";
import { verify } from "./review/verify.ts";

export { generatePkixKey, type KeyPair } from "./sign/generate.ts";
export type { Check, Reference, ResolvedImage, Settlement, SubscribeRequest, Verdict };

/** The wired application. What an instance needs is built on first use and then kept. */
export interface App {
  readonly config: Config;
  /** The checks of the named groups and checks, each once, in order. Throws `usage` for an unknown name or an empty group. */
  checksNamed(names: readonly string[]): readonly Check[];
  resolve(image: Reference, signal: AbortSignal): Promise<ResolvedImage>;
  /** Runs checks and attests what passes, unless the configuration says dry run. Throws `config` without a store. */
  check(
    image: Reference,
    checks: readonly Check[],
    existing: ReviewRequest["existing"],
    signal: AbortSignal,
  ): Promise<Verdict>;
  /** Says which attestations count. Throws `config` without a store. */
  verify(image: Reference, checks: readonly Check[], signal: AbortSignal): Promise<Verdict>;
  /** Handles one delivery of a push event; never throws. */
  deliver(request: PushRequest): Promise<Settlement>;
  /** Handles one delivery of an announcement of Container Analysis; never throws. */
  deliverOccurrence(request: PushRequest): Promise<Settlement>;
  /** Pulls a subscription and handles its push events until `stop` aborts. Throws where it cannot be pulled from. */
  subscribe(request: SubscribeRequest, stop: AbortSignal): Promise<Pulled>;
}

export interface AppOptions extends Surroundings {
  readonly observer: Observer;
}

/** Wires the application that `config` describes, and loads its custom checks. Opens nothing yet. Throws `config`. */
export async function createApp(config: Config, { observer, env }: AppOptions): Promise<App> {
  const clock: Clock = {
    now: () => new Date(),
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
  };
  const google = applicationDefaultCredentials();
  const means = { google, observer, secrets: secretsOf(config, google, { env }) };
  const resolver = once(() => registryOf(config, google, { env }));
  const attesting = once(() => attestingOf(config, means));
  const publisher = once(() => publisherOf(config, { env }));
  const facts = once(() => factsOf(config, means, clock.now));
  const reviewPorts = () => ({
    resolver: resolver(),
    evidence: facts().evidence,
    attesting: config.dryrun ? undefined : attesting(),
  });
  const deliveryPorts = () => ({ ...reviewPorts(), clock, observer, publisher: publisher() });
  const { platforms } = config;
  const customChecks = await loadCustomChecks(config);

  const checksNamed = (names: readonly string[]) => checksOf(config, customChecks, names);
  const events = once(() => ({
    checks: checksNamed(["all"]),
    platforms,
    onlyHostsOf: config.validRepos,
    deadline: config.limits.timeoutSeconds * 1000,
    maxAttempts: config.events.maxAttempts,
    maxMinutes: config.pending.maxMinutes,
  }));
  return {
    config,
    checksNamed,
    resolve: (image, signal) => resolver().resolve(image, signal),
    async check(image, checks, existing, signal) {
      const reviewed = await review({ image, checks, platforms, existing }, reviewPorts(), signal);
      return toVerdict(reviewed, image.tag);
    },
    async verify(image, checks, signal) {
      const { store, keyRing } = attesting();
      const verified = await verify(
        { image, checks, platforms },
        { resolver: resolver(), store, keyRing },
        signal,
      );
      return toVerdict(verified, image.tag);
    },
    deliver: (request) => deliver(request, events(), deliveryPorts()),
    deliverOccurrence: (request) =>
      deliverOccurrence(request, events(), { ...deliveryPorts(), announcements: facts().announcements }),
    subscribe(request, stop) {
      const deliver = (message: Envelope, deadline: number) =>
        deliverMessage(message, { ...events(), deadline }, deliveryPorts());
      return subscribe(request, { config, observer, env, deliver }, stop);
    },
  };
}

/** Throws `config` or `usage`, with the sentence that says what to mend, where events could not be reviewed. */
export function requireEventsReviewable(app: App): void {
  app.checksNamed(["all"]);
  if (!app.config.dryrun) requireStore(app.config);
}
