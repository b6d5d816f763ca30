import type { Signature, StoredAttestation } from "../attest/attestation.ts";
import { asVoucherError, type VoucherError } from "../errors.ts";
import { type Canonical, canonical, formatReference } from "../image/reference.ts";
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

export interface ExistingPorts {
  readonly store: Pick<AttestationStore, "format" | "list">;
  readonly keyRing: KeyRing;
}

/**
 * Asks the store once for everything that `subjects` have, and says what of it counts: the payload must name the very
 * digest and repository, and a signature must verify under a key trusted for that very check. Throws what the store throws.
 */
export async function findExisting(
  subjects: readonly Canonical[],
  checkNames: readonly string[],
  ports: ExistingPorts,
  signal: AbortSignal,
): Promise<ExistingAttestations> {
  const distinct = new Map(subjects.map((subject) => [placeOf(subject, ""), subject]));
  const stored = await ports.store.list([...distinct.values()], checkNames, signal);
  const verified = await Promise.all(
    stored.map((attestation) =>
      verify(attestation, ports, signal).catch((fault) => undecided(attestation, fault)),
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

async function verify(
  stored: StoredAttestation,
  { store: { format }, keyRing }: ExistingPorts,
  signal: AbortSignal,
): Promise<Verified> {
  const { checkName, payload, subject } = stored;
  const strange = stored.incomplete ?? format.strangeness(payload, checkName, subject);
  if (strange !== undefined) return { stored, trusted: [], reason: strange };
  const signed = format.signedBytes(payload);
  const trusted: Signature[] = [];
  const reasons = new Set<string>();
  for (const signature of stored.signatures) {
    const verdict = await keyRing.verify(checkName, signed, signature, signal);
    if (verdict.counts) trusted.push({ ...signature, keyId: verdict.keyId });
    else reasons.add(verdict.reason);
  }
  return { stored, trusted, reason: [...reasons].join(", ") || "it carries no signature" };
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
