import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { AttestedImage, Log } from "../ports.ts";
import { listAttested } from "./attested.ts";
import type { Kind } from "./filter.ts";
import { listOccurrences } from "./listing.ts";
import { type NoteId, notesPath, occurrencePath, occurrencesPath, projectOf } from "./names.ts";
import {
  attestationBody,
  attestationPatch,
  type NewAttestation,
  type Occurrence,
  parseOccurrence,
} from "./occurrence.ts";
import { creationOf, noSuchAnswer, purposeOf } from "./purpose.ts";

/**
 * The calls of the Grafeas v1 API that are used, as Container Analysis serves them. They throw what {@link Rest} throws,
 * `config` for what cannot be a project and `malformed` for what cannot be the name of an occurrence.
 */
export interface GrafeasClient {
  /**
   * Every occurrence of `kind` on `subjects`, five of them a list, every page, filtered again here. One that cannot be
   * read is left out and reported to the observer.
   */
  list(
    project: string,
    kind: Kind,
    subjects: readonly Canonical[],
    signal: AbortSignal,
  ): Promise<readonly Occurrence[]>;
  /** Every image that an attestation under `note` stands on, each once, and since when. */
  attested(note: NoteId, signal: AbortSignal): Promise<readonly AttestedImage[]>;
  get(name: string, signal: AbortSignal): Promise<Occurrence>;
  /** Is never repeated: it may have taken effect and its answer got lost, so look before calling again. */
  create(attestation: NewAttestation, signal: AbortSignal): Promise<void>;
  /**
   * Creates at most 1,000 at once, under notes of one project. It is not atomic: after any failure some may stand, all of
   * them even. Throws also where the answer owns up to fewer than were sent.
   */
  batchCreate(attestations: readonly NewAttestation[], signal: AbortSignal): Promise<void>;
  /** Replaces the attestation that an occurrence holds. */
  patch(name: string, attestation: NewAttestation, signal: AbortSignal): Promise<void>;
  /**
   * Makes a note that attestations can stand under. Throws `conflict` where there is one of this name, be it this call's own
   * whose answer got lost.
   */
  createNote(note: NoteId, signal: AbortSignal): Promise<void>;
  /** Returns also where it was gone already. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

/** The calls that attestations need, of any server that speaks Grafeas. */
export type AttestationClient = Omit<GrafeasClient, "get">;

export interface GrafeasClientOptions {
  readonly rest: Rest;
  readonly observer?: Log;
}

const WrittenSchema = z.object({ name: z.string() });
const BatchSchema = z.object({ occurrences: z._default(z.array(z.unknown()), []) });

export function createGrafeasClient({ rest, observer }: GrafeasClientOptions): GrafeasClient {
  return {
    async list(project, kind, subjects, signal) {
      const listing = { rest, project, kind, signal, unreadable: "pass over", observer } as const;
      return (await listOccurrences(listing, subjects)).map(({ occurrence }) => occurrence);
    },

    attested: (note, signal) => listAttested({ rest, observer, signal }, note),

    async get(name, signal) {
      const path = occurrencePath(name);
      const purpose = purposeOf(`read ${name}`, "occurrences.get", projectOf(name));
      const answer = await rest.call({ purpose, method: "GET", path, repeat: "always" }, signal);
      const occurrence = parseOccurrence(answer);
      if (occurrence === undefined) throw noSuchAnswer(purpose);
      return occurrence;
    },

    async create(attestation, signal) {
      const { project } = attestation.note;
      const path = occurrencesPath(project);
      const body = attestationBody(attestation);
      const action = `attest ${body.resourceUri} under ${body.noteName}`;
      const purpose = creationOf(action, project, [body.noteName]);
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "never" }, signal);
      if (!WrittenSchema.safeParse(answer).success) throw noSuchAnswer(purpose);
    },

    async batchCreate(attestations, signal) {
      const project = attestations[0]?.note.project ?? "";
      const path = `${occurrencesPath(project)}:batchCreate`;
      const bodies = attestations.map(attestationBody);
      const notes = bodies.map(({ noteName }) => noteName);
      const purpose = creationOf(
        `create ${bodies.length} attestations in project ${project}`,
        project,
        notes,
      );
      const body = { occurrences: bodies };
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "if-refused" }, signal);
      if (BatchSchema.safeParse(answer).data?.occurrences.length !== bodies.length)
        throw noSuchAnswer(purpose);
    },

    async patch(name, attestation, signal) {
      const path = occurrencePath(name);
      const body = attestationPatch(attestation);
      const purpose = purposeOf(`replace ${name}`, "occurrences.update", projectOf(name));
      const query = { updateMask: "attestation" };
      const answer = await rest.call(
        { purpose, method: "PATCH", path, query, body, repeat: "always" },
        signal,
      );
      if (!WrittenSchema.safeParse(answer).success) throw noSuchAnswer(purpose);
    },

    async createNote({ project, note }, signal) {
      const path = notesPath(project);
      const purpose = purposeOf(`create the note ${note}`, "notes.create", project);
      const body = { attestation: { hint: { humanReadableName: note } } };
      const query = { noteId: note };
      const call = { purpose, method: "POST", path, query, body, repeat: "always" } as const;
      if (!WrittenSchema.safeParse(await rest.call(call, signal)).success) throw noSuchAnswer(purpose);
    },

    async delete(name, signal) {
      const path = occurrencePath(name);
      const purpose = purposeOf(`delete ${name}`, "occurrences.delete", projectOf(name));
      try {
        await rest.call({ purpose, method: "DELETE", path, repeat: "always" }, signal);
      } catch (fault) {
        if (!(fault instanceof VoucherError && fault.code === "not-found")) throw fault;
      }
    },
  };
}
