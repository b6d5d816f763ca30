import type { Check } from "../check/contract.ts";
import type { Config } from "../config/config.ts";
import type { WebhookRequest } from "../delivery/admit-webhook.ts";
import type { PushRequest } from "../delivery/deliver.ts";
import type { WebhookAnswer } from "../delivery/deliver-webhook.ts";
import type { Settlement } from "../delivery/settle.ts";
import type { Reference } from "../image/reference.ts";
import type { ResolvedImage } from "../image/resolved.ts";
import type { ValidRepos } from "../image/valid-repos.ts";
import type { Clock, Observer, Prepared } from "../ports.ts";
import type { Pulled } from "../pubsub/subscriber.ts";
import type { Listener, Replayed } from "../replay/replay.ts";
import type { AttestedBy } from "../review/attested-by.ts";
import type { ReviewRequest } from "../review/review.ts";
import type { FoundStanding, RevokeRequest, Standing, Withdrawn } from "../review/revoke.ts";
import type { Verdict } from "../review/verdict.ts";
import type { PublicKey } from "../sign/public-key.ts";
import type { KeyRequest } from "./by-key.ts";
import type { ReplayRequest } from "./replaying.ts";
import type { SubscribeRequest } from "./subscribing.ts";

/** The wired application. What an instance needs is built on first use and then kept. */
export interface App {
  readonly config: Config;
  /** What everything that the application does is told to. */
  readonly observer: Observer;
  readonly clock: Clock;
  /** The checks of the named groups and checks, each once, in order. Throws `usage` for an unknown name or an empty group. */
  checksNamed(names: readonly string[]): readonly Check[];
  resolve(image: Reference, signal: AbortSignal): Promise<ResolvedImage>;
  /**
   * Runs checks and attests what passes, unless the configuration says dry run. Throws `config` without a store. Where
   * `onlyHostsOf` is given, a host that it does not name is never contacted.
   */
  check(
    image: Reference,
    checks: readonly Check[],
    existing: ReviewRequest["existing"],
    signal: AbortSignal,
    onlyHostsOf?: ValidRepos,
  ): Promise<Verdict>;
  /** Says which attestations count. Throws `config` without a store. `onlyHostsOf` as in {@link check}. */
  verify(
    image: Reference,
    checks: readonly Check[],
    signal: AbortSignal,
    onlyHostsOf?: ValidRepos,
  ): Promise<Verification>;
  /**
   * Says which signed statements in registries verify under the public key of a file, whatever they say. Needs neither a
   * store nor a signer. Throws `usage` for a file without a key.
   */
  verifyWithKey(request: KeyRequest, signal: AbortSignal): Promise<Verification>;
  /** The public keys that the configured signer signs with, by check. Throws `key` or `config`. */
  publicKeys(): Promise<ReadonlyMap<string, PublicKey>>;
  /** Makes what attestations of the checks need in the store before there can be one. */
  prepareStore(checks: readonly Check[], signal: AbortSignal): Promise<readonly Prepared[]>;
  /** What stands attested of an image under the notes of the checks, whether it counts or not. */
  standing(request: RevokeRequest, checks: readonly Check[], signal: AbortSignal): Promise<FoundStanding>;
  /** Withdraws attestations, and records each with who asked for it and why. */
  revoke(standing: readonly Standing[], because: Because, signal: AbortSignal): Promise<readonly Withdrawn[]>;
  /** Throws `config` or `usage`, with the sentence that says what to mend, where events could not be reviewed. */
  requireEventsReviewable(): void;
  /** Throws `config`, `key` or `usage` where requests could not be answered: no store, or a group's check that cannot be made. */
  requireRequestsAnswerable(): void;
  /** The bcrypt hash that those who ask are held to; undefined where none is configured. Throws why it cannot be fetched. */
  serverPassword(): Promise<string | undefined>;
  /** Handles one delivery of a push event; never throws where {@link requireEventsReviewable} did not. */
  deliver(request: PushRequest): Promise<Settlement>;
  /** Handles one delivery of an announcement of Container Analysis; never throws. */
  deliverOccurrence(request: PushRequest): Promise<Settlement>;
  /**
   * Throws where webhooks could not be served: none has a secret, the secrets cannot be read, or their pushes could be neither
   * published nor reviewed.
   */
  requireWebhooksServable(): Promise<void>;
  /** Handles one request of a webhook; never throws where {@link requireWebhooksServable} did not. */
  deliverWebhook(request: WebhookRequest): Promise<WebhookAnswer>;
  /** Pulls a subscription and handles its push events until `stop` aborts. Throws where it cannot be pulled from. */
  subscribe(request: SubscribeRequest, stop: AbortSignal): Promise<Pulled>;
  /** Feeds events again, until their end or until `stop` aborts. Throws `usage` and `config`, and where a source cannot be read. */
  replay(request: ReplayRequest, listener: Listener, stop: AbortSignal): Promise<Replayed>;
  /** Lets go of what would keep a process from ending: the connections of the metrics' backend. */
  close(): Promise<void>;
}

/** What verifying an image found: the verdict, and by which keys each attestation that counts was made. */
export interface Verification {
  readonly verdict: Verdict;
  readonly attested: readonly AttestedBy[];
}

/** Who withdraws attestations, and why. */
export interface Because {
  readonly who: string;
  readonly reason: string;
}
