import type { StoredAttestation } from "../../attest/attestation.ts";
import type { Format } from "../../attest/claim.ts";
import { SUMMARY_TYPE } from "../../attest/summary.ts";
import { VoucherError } from "../../errors.ts";
import { IN_TOTO } from "../../image/media-types.ts";
import { formatReference, parseReference } from "../../image/reference.ts";
import type { AttestationStore, Put, PutAnswer } from "../../ports.ts";
import { layerDigest } from "./envelopes.ts";
import { createPlaces, type Place, type PlacesOptions } from "./places.ts";
import { type PublishOptions, publish } from "./publish.ts";
import { standingOn } from "./standing.ts";

export interface OciStoreOptions extends PlacesOptions, PublishOptions {
  /** What the attestations say: summaries of the verifier `verifierId`. */
  readonly format: Format;
}

/** Larger is no summary of ours: one that names 128 platforms has some 30 KiB. */
const SUMMARIES = { predicateType: SUMMARY_TYPE, largest: 256 * 1024 };

/**
 * Attestations that live with the image, for cosign and what is built on it: each one a Sigstore bundle in a manifest that
 * refers to the image's own, and, where that is wanted, a layer under cosign's tag as well.
 *
 * Here nothing takes another's place: a new attestation stands beside the older ones until they are withdrawn.
 */
export function createOciStore(options: OciStoreOptions): AttestationStore {
  const { format } = options;
  const begin = createPlaces(options, SUMMARIES);

  async function remove(stored: StoredAttestation, place: Place, signal: AbortSignal): Promise<void> {
    const { subject, payload, signatures, id } = stored;
    const at = parseReference(id);
    // What has a tag stands in a layer under it, and in no manifest of its own.
    if (at.tag === undefined && at.digest !== undefined)
      await place.referrers.remove(subject.digest, at.digest, signal);
    const unnamed = signatures.map(({ bytes }) => ({ keyId: "", bytes }));
    const layer =
      at.tag === undefined ? layerDigest({ payloadType: IN_TOTO, payload, signatures: unnamed }) : at.digest;
    if (layer !== undefined) await place.cosignTag.remove(subject.digest, layer, signal);
  }

  return {
    format,
    async list(subjects, checkNames, signal) {
      if (subjects.length === 0 || checkNames.length === 0) return [];
      const places = begin(signal);
      const all = await Promise.all(
        subjects.map((subject) => standingOn(subject, places(subject), options, signal)),
      );
      return all.flat().filter(({ checkName }) => checkNames.includes(checkName));
    },
    async put(puts, signal) {
      const places = begin(signal);
      const bySubject = Map.groupBy(puts, ({ attestation }) => formatReference(attestation.subject));
      const published = [...bySubject.values()].map(async (some): Promise<ReadonlyMap<Put, PutAnswer>> => {
        const [first] = some;
        if (first === undefined) return new Map();
        const { subject } = first.attestation;
        return publish(subject, some, places(subject), options, signal);
      });
      const answers = new Map((await Promise.all(published)).flatMap((some) => [...some]));
      return puts.map((put) => answers.get(put) ?? NO_ANSWER);
    },
    remove: (stored, signal) => remove(stored, begin(signal)(stored.subject), signal),
    // Nothing has to be there before there can be an attestation.
    prepare: async () => [],
  };
}

const NO_ANSWER: PutAnswer = {
  status: "failed",
  error: new VoucherError("internal", "the attestation was not published"),
};
