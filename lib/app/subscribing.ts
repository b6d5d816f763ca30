import type { Config } from "../config/config.ts";
import type { Settlement } from "../delivery/settle.ts";
import { VoucherError } from "../errors.ts";
import type { Envelope } from "../event/envelope.ts";
import type { Observer } from "../ports.ts";
import { fullSubscriptionName } from "../pubsub/names.ts";
import { type Pulled, pull } from "../pubsub/subscriber.ts";
import type { Surroundings } from "./surroundings.ts";

/** What is pulled, where it is not what the configuration says under `pubsub`. */
export interface SubscribeRequest {
  readonly project?: string | undefined;
  /** Short or full name. */
  readonly subscription?: string | undefined;
  /** The time that one review may take. */
  readonly timeoutSeconds?: number | undefined;
  /** How long reviews in flight may take to be finished after the stop. */
  readonly graceSeconds?: number | undefined;
}

/** What the subscriber works with. */
export interface Subscribing extends Surroundings {
  readonly config: Config;
  readonly observer: Observer;
  /** Handles one message within `deadline` milliseconds; never throws. */
  readonly deliver: (message: Envelope, deadline: number) => Promise<Settlement>;
}

/** Kubernetes kills a pod 30 seconds after it told it to stop. */
const GRACE_SECONDS = 20;
/** What a message may take besides its review: publishing its copy, storing what was signed. */
const MARGIN_MS = 60_000;

/** Pulls a subscription and delivers its messages until `stop` aborts. Throws `usage`, `config` or what {@link pull} throws. */
export function subscribe(
  request: SubscribeRequest,
  { config, observer, env, deliver }: Subscribing,
  stop: AbortSignal,
): Promise<Pulled> {
  const deadline = (request.timeoutSeconds ?? config.pubsub.timeoutSeconds) * 1000;
  return pull(
    {
      subscription: subscriptionOf(request, config, env),
      emulator: env["PUBSUB_EMULATOR_HOST"] || undefined,
      longest: deadline + MARGIN_MS,
      grace: (request.graceSeconds ?? GRACE_SECONDS) * 1000,
      observer,
      // The acknowledgement table speaks HTTP; this is what Pub/Sub makes of it when it pushes.
      handle: async (message) =>
        (await deliver(message, deadline)).status === 204 ? "acknowledge" : "release",
    },
    stop,
  );
}

function subscriptionOf(
  { project, subscription }: SubscribeRequest,
  { pubsub }: Config,
  env: Surroundings["env"],
): string {
  const name = subscription ?? pubsub.subscription;
  if (name === undefined) {
    throw new VoucherError(
      "usage",
      "no subscription is named; write --subscription NAME, or set pubsub.subscription in the configuration",
    );
  }
  const setting = subscription === undefined ? "pubsub.subscription" : "--subscription";
  return fullSubscriptionName(
    name,
    setting,
    project ?? pubsub.project ?? (env["GOOGLE_CLOUD_PROJECT"] || undefined),
  );
}
