import type { Envelope } from "../event/envelope.ts";
import type { Digest } from "../image/digest.ts";
import type { Reference } from "../image/reference.ts";

/** Where events that are fed again come from, besides files and the store of attestations. */

/** A manifest of a repository, as its registry lists it. */
export interface ListedManifest {
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly uploadedAt?: Date;
}

/** What a repository holds. */
export interface Listing {
  /** Each once, in the registry's order. */
  readonly tags: readonly string[];
  /** Every manifest, those without a tag included, where the registry tells: Google's do. */
  readonly manifests?: readonly ListedManifest[];
}

/** Looks through repositories, for whoever goes over all of one. Throws VoucherErrors. */
export interface Repositories {
  list(repository: Reference, signal: AbortSignal): Promise<Listing>;
  /** The digest that `reference` names now; its content is verified. */
  digestOf(reference: Reference, signal: AbortSignal): Promise<Digest>;
}

/** A message that was pulled. It stays with whoever pulled it until they acknowledge it, or let go of all they hold. */
export interface HeldMessage {
  readonly envelope: Envelope;
  /** Takes it out of its subscription. Never throws: where that fails, it is delivered again. */
  acknowledge(): Promise<void>;
}

/** What a subscription holds, as far as it was published before somebody began to look. */
export interface Backlog {
  /** Each message once. Ends when none has come for a while, and soon after `stop` aborts. Throws VoucherErrors. */
  messages(stop: AbortSignal): AsyncIterable<HeldMessage>;
  /** Lets go of every message that was not acknowledged, so that it can be delivered again at once. Never throws. */
  release(): Promise<void>;
}
