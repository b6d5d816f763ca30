import { readBundle } from "../../attest/bundle.ts";
import { type Envelope, readEnvelope } from "../../attest/dsse.ts";
import { type ErrorCode, VoucherError } from "../../errors.ts";
import { type Digest, digestOf } from "../../image/digest.ts";
import { tryParseJson } from "../../image/json.ts";
import { pastLimit } from "../../image/limits.ts";
import { IN_TOTO } from "../../image/media-types.ts";
import { canonical, nameOf, type Reference } from "../../image/reference.ts";
import type { Referrer } from "../../registry/referrer.ts";
import type { Documents } from "../../registry/registry.ts";
import { envelopeLayer, type Layer, predicateTypeOf } from "./cosign-tag.ts";
import { bundleIn, PREDICATE_TYPE } from "./layout.ts";

/** A signed statement, and the manifest or layer that it stands in. Nothing of it is verified yet. */
export interface Found {
  readonly digest: Digest;
  readonly envelope: Envelope;
  readonly keyHint?: string;
}

export interface EnvelopesOptions {
  readonly documents: Documents;
  /** The repository that holds them. */
  readonly target: Reference;
  /** Only statements with a predicate of this type; of every type where nothing is said. */
  readonly predicateType?: string;
  /** The most bytes of one bundle or envelope. */
  readonly largest: number;
}

/**
 * Reads signed statements of images: what is listed may be anything, and what turns out not to be one, too large or gone is
 * passed over. Throws what keeps it from reading, and `limit` past what one review may read.
 */
export interface Envelopes {
  ofBundles(subject: Digest, referrers: readonly Referrer[]): Promise<readonly Found[]>;
  ofLayers(layers: readonly Layer[]): Promise<readonly Found[]>;
}

const LARGEST_MANIFEST = 64 * 1024;
const FAULTS_OF_CONTENT: readonly ErrorCode[] = [
  "not-found",
  "malformed",
  "unsupported",
  "digest-mismatch",
  "limit",
];

/** For one review: what is read through it adds up. */
export function envelopesIn(
  { documents, target, predicateType, largest }: EnvelopesOptions,
  signal: AbortSignal,
): Envelopes {
  const { limits } = documents;
  let bytes = 0;

  /** Content of a size that its descriptor states; `undefined` for what is none. */
  async function read(
    kind: "manifest" | "blob",
    { digest, size }: Pick<Referrer, "digest" | "size">,
    most: number,
  ): Promise<Uint8Array | undefined> {
    if (size > most) return undefined;
    bytes += size;
    if (bytes > limits.reviewBytes) {
      const what = `the attestations in ${nameOf(target)} are more than one review may read, in bytes`;
      throw pastLimit(limits, "reviewBytes", what);
    }
    try {
      const content = await documents[kind](canonical(target, digest), signal);
      return content.bytes.byteLength === size ? content.bytes : undefined;
    } catch (thrown) {
      if (isFaultOfContent(thrown)) return undefined;
      throw thrown;
    }
  }

  async function ofBundle(subject: Digest, referrer: Referrer): Promise<Found | undefined> {
    if (!isWanted(referrer.annotations[PREDICATE_TYPE])) return undefined;
    const manifest = await read("manifest", referrer, LARGEST_MANIFEST);
    const layer = manifest === undefined ? undefined : bundleIn(manifest, subject);
    const blob = layer === undefined ? undefined : await read("blob", layer, largest);
    const bundle = blob === undefined ? undefined : readBundle(blob);
    return bundle?.envelope.payloadType === IN_TOTO ? { ...bundle, digest: referrer.digest } : undefined;
  }

  async function ofLayer(layer: Layer): Promise<Found | undefined> {
    if (!isWanted(predicateTypeOf(layer))) return undefined;
    const blob = await read("blob", layer, largest);
    const envelope = blob === undefined ? undefined : readEnvelope(tryParseJson(blob));
    return envelope?.payloadType === IN_TOTO ? { envelope, digest: layer.digest } : undefined;
  }

  /** What is labelled otherwise is not even fetched; a wrong label hides nothing but what it stands on. */
  function isWanted(label: string | undefined): boolean {
    return predicateType === undefined || label === undefined || label === predicateType;
  }

  return {
    ofBundles: async (subject, referrers) =>
      (await Promise.all(referrers.map((one) => ofBundle(subject, one)))).flatMap((one) => one ?? []),
    ofLayers: async (layers) => (await Promise.all(layers.map(ofLayer))).flatMap((one) => one ?? []),
  };
}

/** The digest of the layer that an envelope would be under cosign's tag. */
export function layerDigest(envelope: Envelope): Digest {
  return digestOf(envelopeLayer(envelope));
}

function isFaultOfContent(thrown: unknown): boolean {
  return thrown instanceof VoucherError && FAULTS_OF_CONTENT.includes(thrown.code);
}
