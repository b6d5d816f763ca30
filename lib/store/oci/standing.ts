import type { StoredAttestation } from "../../attest/attestation.ts";
import { labelOfSummary, type SummaryLabel } from "../../attest/summary.ts";
import {
  type Canonical,
  canonical,
  formatReference,
  nameOf,
  type Reference,
  uriOf,
} from "../../image/reference.ts";
import { type Found, layerDigest } from "./envelopes.ts";
import { cosignTag } from "./layout.ts";
import type { Place } from "./places.ts";

export interface StandingOptions {
  readonly verifierId: string;
  /** Whether an attestation is whole only if cosign's tag has it, too. */
  readonly cosignTags: boolean;
}

/**
 * Every summary that stands for one digest, of whatever check, whoever signed it. In a repository that holds those of many
 * images, a digest may be known by several names: what is about another name is that one's.
 */
export async function standingOn(
  subject: Canonical,
  { target, referrers, cosignTag: tag, envelopes }: Place,
  { verifierId, cosignTags }: StandingOptions,
  signal: AbortSignal,
): Promise<readonly StoredAttestation[]> {
  const { digest } = subject;
  const [bundles, layers] = await Promise.all([
    referrers.list(digest, signal).then((listed) => envelopes.ofBundles(digest, listed)),
    cosignTags ? tag.list(digest, signal) : [],
  ]);
  const isShared = nameOf(target) !== nameOf(subject);
  const stored = (found: Found, at: Reference, incomplete?: string): readonly StoredAttestation[] => {
    const label = labelOfSummary(found.envelope.payload, verifierId);
    if (label === undefined || (isShared && label.resourceUri !== uriOf(subject))) return [];
    const standing = toStored(found, subject, formatReference(at), label);
    return [incomplete === undefined ? standing : { ...standing, incomplete }];
  };
  const tagged = new Set(layers.map((layer) => layer.digest));
  const ofBundles = bundles.flatMap((found) => {
    const isWhole = !cosignTags || tagged.has(layerDigest(found.envelope));
    const lacking = isWhole ? undefined : `it does not stand under ${cosignTag(digest)}`;
    return stored(found, canonical(target, found.digest), lacking);
  });

  const bundled = new Set(bundles.map(({ envelope }) => layerDigest(envelope)));
  const alone = await envelopes.ofLayers(layers.filter((layer) => !bundled.has(layer.digest)));
  const ofLayers = alone.flatMap((found) =>
    stored(
      found,
      { ...target, tag: cosignTag(digest), digest: found.digest },
      "it stands under cosign's tag alone",
    ),
  );
  return [...ofBundles, ...ofLayers];
}

function toStored(
  { envelope, keyHint }: Found,
  subject: Canonical,
  id: string,
  { checkName, at }: SummaryLabel,
): StoredAttestation {
  const { payload, signatures } = envelope;
  return {
    id,
    checkName,
    subject,
    payload,
    signatures: signatures.map(({ keyId, bytes }) => ({ keyId: keyHint ?? keyId, bytes })),
    createdAt: at,
  };
}
