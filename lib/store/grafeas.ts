import pLimit from "p-limit";
import type { Attestation, Signature, StoredAttestation } from "../attest/attestation.ts";
import { binauthz } from "../attest/payload.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { AttestationClient } from "../grafeas/client.ts";
import { noteName, resourceUriOf, resourceUrisOf } from "../grafeas/names.ts";
import { attestationBody, type NewAttestation, type Occurrence } from "../grafeas/occurrence.ts";
import type { Canonical } from "../image/reference.ts";
import type { AttestationStore, Prepared, Put, PutAnswer } from "../ports.ts";
import type { Pace } from "../retry.ts";
import { batchesOf } from "./batches.ts";
import { type Creation, createMany, createOne } from "./creation.ts";
import { sameBytes, sameSignature } from "./standing.ts";

export interface GrafeasStoreOptions {
  /** The project that holds the notes and the attestations. */
  readonly project: string;
  readonly client: AttestationClient;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff?: number;
  readonly pace?: Pace;
}

const REPLACEMENTS_AT_ONCE = 8;

/**
 * Attestations as Binary Authorization reads them: an occurrence on the image's digest, under the note
 * `projects/{project}/notes/{check}`.
 */
export function createGrafeasStore({
  project,
  client,
  backOff = 500,
  pace,
}: GrafeasStoreOptions): AttestationStore {
  const noteOf = (checkName: string) => ({ project, note: checkName });
  const toNew = (
    { checkName, subject, payload, signature }: Attestation,
    kept: readonly Signature[] = [],
  ): NewAttestation => ({
    note: noteOf(checkName),
    resourceUri: resourceUriOf(subject),
    details: { payload, signatures: [signature, ...kept] },
  });

  async function list(subjects: readonly Canonical[], checkNames: readonly string[], signal: AbortSignal) {
    if (subjects.length === 0 || checkNames.length === 0) return [];
    const found = await client.list(project, "ATTESTATION", subjects, signal);
    const byUri = new Map(
      subjects.flatMap((subject) => resourceUrisOf(subject).map((uri) => [uri, subject])),
    );
    return found
      .filter(({ note }) => note.project === project && checkNames.includes(note.note))
      .flatMap((occurrence) => toStored(occurrence, byUri.get(occurrence.resourceUri)));
  }

  const creation: Creation = {
    backOff,
    pace,
    create: (attestation, signal) =>
      client.create(toNew(attestation), signal).catch((fault: unknown) => {
        throw namingNote(fault, noteName(noteOf(attestation.checkName)));
      }),
    createBatch: (attestations, signal) =>
      client.batchCreate(
        attestations.map((one) => toNew(one)),
        signal,
      ),
    look(attestations, signal) {
      const checkNames = new Set(attestations.map(({ checkName }) => checkName));
      return list(
        attestations.map(({ subject }) => subject),
        [...checkNames],
        signal,
      );
    },
  };

  async function replace(
    attestation: Attestation,
    replaced: NonNullable<Put["replaces"]>,
    signal: AbortSignal,
  ): Promise<PutAnswer> {
    const replacement = toNew(attestation, signaturesToKeep(attestation, replaced));
    try {
      await client.patch(replaced.stored.id, replacement, signal);
      return { status: "stored" };
    } catch (fault) {
      const error = asVoucherError(fault);
      // Whoever withdrew it meanwhile left its place free.
      return error.code === "not-found"
        ? createOne(creation, attestation, signal)
        : { status: "failed", error };
    }
  }

  async function prepareNote(checkName: string, signal: AbortSignal): Promise<Prepared> {
    const note = noteOf(checkName);
    const made = await client.createNote(note, signal).then(
      () => true,
      (fault: unknown) => {
        if (fault instanceof VoucherError && fault.code === "conflict") return false;
        throw fault;
      },
    );
    return { checkName, name: noteName(note), status: made ? "created" : "existed" };
  }

  return {
    format: binauthz,
    list,
    attested: (checkName, signal) => client.attested(noteOf(checkName), signal),
    async put(puts, signal) {
      const answers = new Map<Put, PutAnswer>();
      const limit = pLimit(REPLACEMENTS_AT_ONCE);
      const replacing = puts.map(async (put) => {
        const { attestation, replaces } = put;
        if (replaces !== undefined)
          answers.set(put, await limit(() => replace(attestation, replaces, signal)));
      });
      const added = puts.filter(({ replaces }) => replaces === undefined);
      const creating = batchesOf(added, ({ attestation }) => attestationBody(toNew(attestation))).map(
        async (batch) => {
          const created = await createMany(
            creation,
            batch.map(({ attestation }) => attestation),
            signal,
          );
          created.forEach((answer, at) => {
            const put = batch[at];
            if (put !== undefined) answers.set(put, answer);
          });
        },
      );
      await Promise.all([...replacing, ...creating]);
      return puts.map((put) => answers.get(put) ?? NO_ANSWER);
    },
    remove: ({ id }, signal) => client.delete(id, signal),
    prepare: (checkNames, signal) =>
      Promise.all(checkNames.map((checkName) => prepareNote(checkName, signal))),
  };
}

const NO_ANSWER: PutAnswer = {
  status: "failed",
  error: new VoucherError("internal", "the attestation was neither created nor replaced"),
};

/** An occurrence without signatures, or with none that we can read, is listed too: it stands in the way of a new one. */
function toStored(occurrence: Occurrence, subject: Canonical | undefined): readonly StoredAttestation[] {
  if (subject === undefined) return [];
  const { name, note, attestation, createdAt, updatedAt } = occurrence;
  // What stands there now was signed when it was last replaced, by a newer key perhaps.
  const since = updatedAt ?? createdAt;
  return [
    {
      id: name,
      checkName: note.note,
      subject,
      payload: attestation?.payload ?? new Uint8Array(),
      signatures: attestation?.signatures ?? [],
      ...(since === undefined ? {} : { createdAt: since }),
    },
  ];
}

/** An occurrence has one payload: signatures over another one would no longer verify, so they are not carried over. */
function signaturesToKeep(
  { payload, signature }: Attestation,
  { stored, keep }: NonNullable<Put["replaces"]>,
) {
  return sameBytes(stored.payload, payload) ? keep.filter((kept) => !sameSignature(kept, signature)) : [];
}

function namingNote(fault: unknown, note: string): unknown {
  if (!(fault instanceof VoucherError) || fault.code !== "not-found") return fault;
  const message = `${fault.message}; if the note ${note} is missing, make it with voucher notes create`;
  return new VoucherError("not-found", message, { cause: fault });
}
