import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { attestationBodyV1Beta1, attestationContentV1Beta1 } from "./attestation-v1beta1.ts";
import { createAttestedImages } from "./attested.ts";
import type { AttestationClient } from "./client.ts";
import { latecomers } from "./latecomers.ts";
import { imageOf, noteName, notesPath, occurrencePath, occurrencesPath, resourceUrisOf } from "./names.ts";
import type { NewAttestation } from "./occurrence.ts";
import { readAttestationOccurrence } from "./open-source-attestation.ts";
import { eachHeld, listProject, type OpenSourceGrafeasOptions } from "./open-source-listing.ts";
import { createNoteWatch } from "./open-source-notes.ts";
import { noSuchAnswer, openSourcePurpose } from "./purpose.ts";

const WrittenSchema = z.looseObject({ name: z.string() });
const BatchSchema = z.object({ occurrences: z._default(z.array(WrittenSchema), []) });

/**
 * Attestations on the open-source Grafeas server, which speaks v1beta1. It ignores filters, asks for no note and knows no
 * conflict (v0.2.3, observed), so all of that is seen to here: what is listed is filtered, a note has to be there, and of
 * two that were created for one place at the same moment the later one is withdrawn again, by whoever made it.
 */
export function createOpenSourceClient({ rest, observer }: OpenSourceGrafeasOptions): AttestationClient {
  const noteWatch = createNoteWatch(rest);

  async function remove(name: string, signal: AbortSignal): Promise<void> {
    const path = occurrencePath(name, "v1beta1");
    const purpose = openSourcePurpose(`delete ${name}`);
    try {
      await rest.call({ purpose, method: "DELETE", path, repeat: "always" }, signal);
    } catch (fault) {
      if (!(fault instanceof VoucherError && fault.code === "not-found")) throw fault;
    }
  }

  /** Throws `conflict` where another was there before one of `created`, which then is gone again. */
  async function giveWay(
    attestations: readonly NewAttestation[],
    created: readonly { readonly name: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const project = attestations[0]?.note.project ?? "";
    const wanted = new Map(
      attestations.flatMap(({ resourceUri }) => {
        const image = imageOf(resourceUri);
        return image === undefined ? [] : resourceUrisOf(image).map((uri) => [uri, image] as const);
      }),
    );
    const standing = await listProject({ rest, observer, signal }, project, wanted);
    const late = latecomers(standing, new Set(created.map(({ name }) => name)));
    for (const name of late) await remove(name, signal);
    if (late.length === 0) return;
    throw new VoucherError("conflict", `${late.length} attestations in ${project} had been made by another`);
  }

  return {
    async list(project, kind, subjects, signal) {
      const wanted = new Map(
        subjects.flatMap((subject) => resourceUrisOf(subject).map((uri) => [uri, subject])),
      );
      const held = await listProject({ rest, observer, signal }, project, wanted);
      return held.filter(({ occurrence }) => occurrence.kind === kind).flatMap(readAttestationOccurrence);
    },

    async attested(note, signal) {
      const images = createAttestedImages();
      for await (const { occurrence, subject } of eachHeld(
        { rest, observer, signal },
        note.project,
        imageOf,
      )) {
        if (occurrence.kind === "ATTESTATION" && occurrence.noteName === noteName(note))
          images.add(subject, occurrence.updatedAt ?? occurrence.createdAt);
      }
      return images.all();
    },

    async create(attestation, signal) {
      await noteWatch.require([attestation.note], signal);
      const path = occurrencesPath(attestation.note.project, "v1beta1");
      const purpose = openSourcePurpose(`attest ${attestation.resourceUri}`);
      const body = attestationBodyV1Beta1(attestation);
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "never" }, signal);
      const { success, data } = WrittenSchema.safeParse(answer);
      if (!success) throw noSuchAnswer(purpose);
      await giveWay([attestation], [data], signal);
    },

    async batchCreate(attestations, signal) {
      await noteWatch.require(
        attestations.map(({ note }) => note),
        signal,
      );
      const project = attestations[0]?.note.project ?? "";
      const path = `${occurrencesPath(project, "v1beta1")}:batchCreate`;
      const purpose = openSourcePurpose(`create ${attestations.length} attestations in project ${project}`);
      const body = { parent: `projects/${project}`, occurrences: attestations.map(attestationBodyV1Beta1) };
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "if-refused" }, signal);
      const { data } = BatchSchema.safeParse(answer);
      if (data?.occurrences.length !== attestations.length) throw noSuchAnswer(purpose);
      await giveWay(attestations, data.occurrences, signal);
    },

    async patch(name, attestation, signal) {
      const path = occurrencePath(name, "v1beta1");
      const purpose = openSourcePurpose(`replace ${name}`);
      const standing = await rest.call({ purpose, method: "GET", path, repeat: "always" }, signal);
      const { success, data } = WrittenSchema.safeParse(standing);
      if (!success) throw noSuchAnswer(purpose);
      // Its stores take the body for the whole occurrence, whatever the mask says: what is left out is gone.
      const body = { ...data, name, kind: "ATTESTATION", ...attestationContentV1Beta1(attestation) };
      const query = { updateMask: "attestation" };
      const answer = await rest.call(
        { purpose, method: "PATCH", path, query, body, repeat: "always" },
        signal,
      );
      if (!WrittenSchema.safeParse(answer).success) throw noSuchAnswer(purpose);
    },

    async createNote({ project, note }, signal) {
      const path = notesPath(project, "v1beta1");
      const purpose = openSourcePurpose(`create the note ${note} in project ${project}`);
      const body = { attestationAuthority: { hint: { humanReadableName: note } } };
      const query = { noteId: note };
      await rest.call({ purpose, method: "POST", path, query, body, repeat: "always" }, signal);
    },

    delete: remove,
  };
}
