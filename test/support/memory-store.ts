import type { Attestation, Signature, StoredAttestation } from "../../lib/attest/attestation.ts";
import type { Format } from "../../lib/attest/claim.ts";
import { binauthz, binauthzPayload } from "../../lib/attest/payload.ts";
import type { VoucherError } from "../../lib/errors.ts";
import { type Canonical, canonical, formatReference } from "../../lib/image/reference.ts";
import type { AttestationStore, Prepared, Put, PutAnswer, Signer } from "../../lib/ports.ts";

interface Kept {
  readonly stored: StoredAttestation;
  /** Reads lag writes: from which list on it is seen, counted from 1. */
  readonly seenFromList: number;
}

/**
 * A store that holds one attestation a digest and check, as Container Analysis does: a second one is a conflict, and
 * what stands there can only be replaced by name. It judges nothing.
 */
export class MemoryStore implements AttestationStore {
  readonly format: Format;
  readonly calls = { list: 0, put: 0 };
  /** Set to have every list fail with it. */
  listFault?: VoucherError;
  /** Which puts fail, and how. */
  putFault: (attestation: Attestation) => VoucherError | undefined = () => undefined;
  readonly #kept = new Map<string, Kept>();
  #names = 0;

  constructor(format = binauthz) {
    this.format = format;
  }

  async list(
    subjects: readonly Canonical[],
    checkNames: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly StoredAttestation[]> {
    signal.throwIfAborted();
    this.calls.list += 1;
    if (this.listFault !== undefined) throw this.listFault;
    const places = subjects.flatMap((subject) => checkNames.map((name) => placeOf(subject, name)));
    return places.flatMap((place) => {
      const kept = this.#kept.get(place);
      return kept === undefined || kept.seenFromList > this.calls.list ? [] : [kept.stored];
    });
  }

  async put(puts: readonly Put[], signal: AbortSignal): Promise<readonly PutAnswer[]> {
    signal.throwIfAborted();
    this.calls.put += 1;
    return puts.map((put) => this.#putOne(put));
  }

  async remove({ subject, checkName }: StoredAttestation): Promise<void> {
    this.#kept.delete(placeOf(subject, checkName));
  }

  async prepare(checkNames: readonly string[]): Promise<readonly Prepared[]> {
    return checkNames.map((checkName) => ({ checkName, name: `notes/${checkName}`, status: "existed" }));
  }

  #putOne({ attestation, replaces }: Put): PutAnswer {
    const fault = this.putFault(attestation);
    if (fault !== undefined) return { status: "failed", error: fault };
    const { checkName, subject, payload, signature } = attestation;
    const standing = this.#kept.get(placeOf(subject, checkName))?.stored;
    if (standing !== undefined && standing.id !== replaces?.stored.id) return { status: "conflict" };
    // One payload an attestation: signatures over another one would no longer verify.
    const keep =
      standing !== undefined && Buffer.compare(standing.payload, payload) === 0 ? replaces?.keep : [];
    this.plant({ checkName, subject, payload, signatures: [signature, ...(keep ?? [])] });
    return { status: "stored" };
  }

  /** Puts anything at all in an attestation's place, as whoever may write to the store could. */
  plant(
    attestation: Omit<StoredAttestation, "id"> & { readonly id?: string },
    { seenFromList = 0 }: { seenFromList?: number } = {},
  ): void {
    this.#names += 1;
    const place = placeOf(attestation.subject, attestation.checkName);
    const id = this.#kept.get(place)?.stored.id ?? attestation.id ?? `occurrences/${this.#names}`;
    this.#kept.set(place, { stored: { ...attestation, id }, seenFromList });
  }

  /** Everything that it holds, seen by lists or not. */
  get all(): readonly StoredAttestation[] {
    return [...this.#kept.values()].map(({ stored }) => stored);
  }

  find(subject: Canonical, checkName: string): StoredAttestation | undefined {
    return this.#kept.get(placeOf(subject, checkName))?.stored;
  }

  /** What it holds as `check digest`, sorted, for comparisons. */
  get contents(): readonly string[] {
    return this.all.map(({ checkName, subject }) => `${checkName} ${subject.digest}`).sort();
  }
}

/** The attestation that `signer` would make, or one over `payload` where a test forges. */
export async function attestationBy(
  signer: Signer,
  checkName: string,
  subject: Canonical,
  {
    payload = binauthzPayload(subject),
    signedAs = checkName,
  }: { payload?: Uint8Array; signedAs?: string } = {},
): Promise<Omit<StoredAttestation, "id">> {
  const signature: Signature = await signer.sign(signedAs, payload, new AbortController().signal);
  return { checkName, subject, payload, signatures: [signature] };
}

function placeOf(subject: Canonical, checkName: string): string {
  return `${checkName} ${formatReference(canonical(subject, subject.digest))}`;
}
