import type { Attestation, Signature, StoredAttestation } from "../attest/attestation.ts";
import { formatReference } from "../image/reference.ts";

/** What stands where an attestation belongs: itself, another one, or nothing. */
export type Standing = "stored" | "conflict" | "missing";

/** Returns what of `found` stands in the place of `attestation`: under its check, on its digest. */
export function standingOf(attestation: Attestation, found: readonly StoredAttestation[]): Standing {
  const place = placeOf(attestation);
  const there = found.filter((stored) => placeOf(stored) === place);
  if (there.length === 0) return "missing";
  return there.some((stored) => holds(stored, attestation)) ? "stored" : "conflict";
}

export function sameSignature(a: Signature, b: Signature): boolean {
  return a.keyId === b.keyId && sameBytes(a.bytes, b.bytes);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function holds(stored: StoredAttestation, { payload, signature }: Attestation): boolean {
  return sameBytes(stored.payload, payload) && stored.signatures.some((one) => sameSignature(one, signature));
}

function placeOf({
  checkName,
  subject: { registry, repository, digest },
}: Attestation | StoredAttestation): string {
  return `${checkName} ${formatReference({ registry, repository, digest })}`;
}
