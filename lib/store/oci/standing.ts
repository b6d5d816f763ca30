import type { StoredAttestation } from "../../attest/attestation.ts";
import { labelOfSummary } from "../../attest/summary.ts";
import { type Canonical, canonical, formatReference, type Reference } from "../../image/reference.ts";
import { type Found, layerDigest } from "./envelopes.ts";
import { cosignTag } from "./layout.ts";
import type { Place } from "./places.ts";

export interface StandingOptions {
  readonly verifierId: string;
  /** Whether an attestation is whole only if cosign's tag has it, too. */
  readonly cosignTags: boolean;
}

/** Every summary that stands for one digest, of whatever check, whoever signed it. */
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
  const stored = (found: Found, at: Reference, incomplete?: string) =>
    toStored(found, subject, `${formatReference(at)}`, verifierId, incomplete);
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
  verifierId: string,
  incomplete: string | undefined,
): readonly StoredAttestation[] {
  const { payload, signatures } = envelope;
  const label = labelOfSummary(payload, verifierId);
  if (label === undefined) return [];
  return [
    {
      id,
      checkName: label.checkName,
      subject,
      payload,
      signatures: signatures.map(({ keyId, bytes }) => ({ keyId: keyHint ?? keyId, bytes })),
      createdAt: label.at,
      ...(incomplete === undefined ? {} : { incomplete }),
    },
  ];
}
