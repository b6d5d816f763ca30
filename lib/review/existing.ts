import type { Signature, StoredAttestation } from "../attest/attestation.ts";
import { readPayload, speaksOf } from "../attest/payload.ts";
import { asVoucherError, type VoucherError } from "../errors.ts";
import { type Canonical, canonical, formatReference, nameOf } from "../image/reference.ts";
import type { AttestationStore, KeyRing, Put } from "../ports.ts";
import type { Counting } from "./judgement.ts";

/** What a store holds for one digest and check. */
export interface Existing {
  /** The attestation that counts, where there is one. */
  readonly counting?: Counting;
  /** Why each of the others does not count. */
  readonly rejected: readonly string[];
  /** Why nobody can say just now whether an attestation counts: its key cannot be asked for. */
  readonly undecided?: VoucherError;
  /** The attestation whose place a new one has to take, with the signatures on it that are trusted. */
  readonly replaceable?: NonNullable<Put["replaces"]>;
}

/** Answers what exists for a digest and check. */
export type ExistingAttestations = (subject: Canonical, checkName: string) => Existing;

interface Verified {
  readonly stored: StoredAttestation;
  readonly trusted: readonly Signature[];
  readonly reason: string;
  readonly undecided?: VoucherError;
}

const NOTHING: Existing = { rejected: [] };

export const nothingExists: ExistingAttestations = () => NOTHING;

/**
 * Asks the store once for everything that `subjects` have, and says what of it counts: the payload must name the very
 * digest and repository, and a signature must verify under a key trusted for that very check. Throws what the store throws.
 */
export async function findExisting(
  subjects: readonly Canonical[],
  checkNames: readonly string[],
  { store, keyRing }: { readonly store: Pick<AttestationStore, "list">; readonly keyRing: KeyRing },
  signal: AbortSignal,
): Promise<ExistingAttestations> {
  const distinct = new Map(subjects.map((subject) => [placeOf(subject, ""), subject]));
  const stored = await store.list([...distinct.values()], checkNames, signal);
  const verified = await Promise.all(
    stored.map((attestation) =>
      verify(attestation, keyRing, signal).catch((fault) => undecided(attestation, fault)),
    ),
  );
  const byPlace = Map.groupBy(verified, ({ stored }) => placeOf(stored.subject, stored.checkName));
  return (subject, checkName) => {
    const found = byPlace.get(placeOf(subject, checkName));
    return found === undefined ? NOTHING : toExisting(found);
  };
}

function placeOf(subject: Canonical, checkName: string): string {
  return `${formatReference(canonical(subject, subject.digest))} ${checkName}`;
}

async function verify(stored: StoredAttestation, keyRing: KeyRing, signal: AbortSignal): Promise<Verified> {
  const strange = strangeness(stored);
  if (strange !== undefined) return { stored, trusted: [], reason: strange };
  const trusted: Signature[] = [];
  const reasons = new Set<string>();
  for (const signature of stored.signatures) {
    const verdict = await keyRing.verify(stored.checkName, stored.payload, signature, signal);
    if (verdict.counts) trusted.push(signature);
    else reasons.add(verdict.reason);
  }
  return { stored, trusted, reason: [...reasons].join(", ") || "it carries no signature" };
}

/** Why a payload does not speak of the image that it was stored for; `undefined` where it does. */
function strangeness({ payload, subject }: StoredAttestation): string | undefined {
  if (speaksOf(payload, subject)) return undefined;
  const said = readPayload(payload);
  if (said === undefined) return "its payload is unreadable";
  if (said.digest !== subject.digest) return "its payload names another digest";
  if (said.dockerReference !== nameOf(subject)) return "its payload names another repository";
  return "its payload is of another type";
}

/** A key that cannot be read hinders the attestations that it made, and no other. */
function undecided(stored: StoredAttestation, fault: unknown): Verified {
  const error = asVoucherError(fault);
  return { stored, trusted: [], reason: error.message, undecided: error };
}

function toExisting(found: readonly Verified[]): Existing {
  const best = found.find(({ trusted }) => trusted.length > 0) ?? found[0];
  if (best === undefined) return NOTHING;
  const { stored, trusted } = best;
  const [signature] = trusted;
  const unknown =
    signature === undefined ? found.find((one) => one.undecided !== undefined)?.undecided : undefined;
  const since = stored.createdAt === undefined ? {} : { since: stored.createdAt };
  return {
    ...(signature === undefined ? {} : { counting: { payload: stored.payload, signature, ...since } }),
    ...(unknown === undefined ? {} : { undecided: unknown }),
    rejected: found.filter((one) => one.trusted.length === 0).map(({ reason }) => reason),
    replaceable: { stored, keep: trusted },
  };
}
