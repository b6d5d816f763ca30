import pLimit from "p-limit";
import { type Canonical, nameOf, type Reference } from "../../image/reference.ts";
import type { Documents } from "../../registry/registry.ts";
import { type CosignTag, cosignTagIn } from "./cosign-tag.ts";
import { createEditTag } from "./edit-tag.ts";
import { type Envelopes, type EnvelopesOptions, envelopesIn } from "./envelopes.ts";
import { createWithoutApi, type Referrers, referrersIn } from "./referrers.ts";

/** The repository where the attestations of an image stand, with what is to be found and done there. */
export interface Place {
  readonly target: Reference;
  readonly documents: Documents;
  readonly referrers: Referrers;
  readonly cosignTag: CosignTag;
  readonly envelopes: Envelopes;
}

export interface PlacesOptions {
  readonly documents: Documents;
  /** Holds all attestations; without one, each image's own repository holds its own. */
  readonly repository?: Reference | undefined;
  /** The longest first back-off before a tag is edited again, in milliseconds. */
  readonly backOff?: number | undefined;
}

/** What is read there. */
export type Reading = Pick<EnvelopesOptions, "predicateType" | "largest">;

/** The places of one review, by image. What it asks of registries takes turns, and what it reads adds up. */
export type Places = (subject: Canonical) => Place;

/** Returns what begins a review; what was learned about registries is kept between them. */
export function createPlaces({ documents, repository, backOff = 200 }: PlacesOptions, reading: Reading) {
  const editTag = createEditTag(backOff);
  const withoutApi = createWithoutApi();
  return (signal: AbortSignal): Places => {
    const turnwise = inTurns(documents);
    const places = new Map<string, Place>();
    return (subject) => {
      const { registry, repository: path } = repository ?? subject;
      const target = { registry, repository: path };
      const known = places.get(nameOf(target));
      if (known !== undefined) return known;
      const options = { documents: turnwise, editTag, target };
      const place = {
        target,
        documents: turnwise,
        referrers: referrersIn(options, withoutApi),
        cosignTag: cosignTagIn(options),
        envelopes: envelopesIn({ ...options, ...reading }, signal),
      };
      places.set(nameOf(target), place);
      return place;
    };
  };
}

/** The same documents, no more of them asked for at once than one review may. */
function inTurns(documents: Documents): Documents {
  const turn = pLimit(documents.limits.requestsPerHost);
  const taking =
    <Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) =>
    (...args: Args): Promise<Answer> =>
      turn(() => ask(...args));
  return {
    limits: documents.limits,
    manifest: taking(documents.manifest),
    tagged: taking(documents.tagged),
    blob: taking(documents.blob),
    referrers: taking(documents.referrers),
    shareBlob: taking(documents.shareBlob),
    putBlob: taking(documents.putBlob),
    putManifest: taking(documents.putManifest),
    hasManifest: taking(documents.hasManifest),
    deleteManifest: taking(documents.deleteManifest),
  };
}
