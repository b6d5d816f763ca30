import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { attestationBodyV1Beta1, parseAttestationV1Beta1 } from "./attestation-v1beta1.ts";
import type { AttestationClient } from "./client.ts";
import {
  notesPath,
  occurrencePath,
  occurrencesPath,
  readNoteName,
  resourceUriOf,
  resourceUrisOf,
} from "./names.ts";
import type { Occurrence } from "./occurrence.ts";
import { type Held, listProject, type OpenSourceGrafeasOptions } from "./open-source-listing.ts";
import { noSuchAnswer, openSourcePurpose } from "./purpose.ts";

const WrittenSchema = z.looseObject({});
const BatchSchema = z.object({ occurrences: z._default(z.array(z.unknown()), []) });

/**
 * Attestations on the open-source Grafeas server, which speaks v1beta1. It ignores filters, asks for no note and knows no
 * conflict (v0.2.3, observed): what is listed is filtered here, and whoever creates looks first.
 */
export function createOpenSourceClient({ rest, observer }: OpenSourceGrafeasOptions): AttestationClient {
  return {
    async list(project, kind, subjects, signal) {
      const wanted = new Map(
        subjects.flatMap((subject) => resourceUrisOf(subject).map((uri) => [uri, subject])),
      );
      const held = await listProject({ rest, observer, signal }, project, wanted);
      return held.filter(({ occurrence }) => occurrence.kind === kind).flatMap(toOccurrence);
    },

    async create(attestation, signal) {
      const path = occurrencesPath(attestation.note.project, "v1beta1");
      const purpose = openSourcePurpose(`attest ${attestation.resourceUri}`);
      const body = attestationBodyV1Beta1(attestation);
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "never" }, signal);
      if (!WrittenSchema.safeParse(answer).success) throw noSuchAnswer(purpose);
    },

    async batchCreate(attestations, signal) {
      const project = attestations[0]?.note.project ?? "";
      const path = `${occurrencesPath(project, "v1beta1")}:batchCreate`;
      const purpose = openSourcePurpose(`create ${attestations.length} attestations in project ${project}`);
      const body = { parent: `projects/${project}`, occurrences: attestations.map(attestationBodyV1Beta1) };
      const answer = await rest.call({ purpose, method: "POST", path, body, repeat: "if-refused" }, signal);
      if (BatchSchema.safeParse(answer).data?.occurrences.length !== attestations.length)
        throw noSuchAnswer(purpose);
    },

    async patch(name, attestation, signal) {
      const path = occurrencePath(name, "v1beta1");
      const purpose = openSourcePurpose(`replace ${name}`);
      // Its memory store takes the body for the whole occurrence, whatever the mask says: without a name it would have none.
      const body = { name, ...attestationBodyV1Beta1(attestation) };
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
      await rest.call({ purpose, method: "POST", path, query, body, repeat: "if-refused" }, signal);
    },

    async delete(name, signal) {
      const path = occurrencePath(name, "v1beta1");
      const purpose = openSourcePurpose(`delete ${name}`);
      try {
        await rest.call({ purpose, method: "DELETE", path, repeat: "always" }, signal);
      } catch (fault) {
        if (!(fault instanceof VoucherError && fault.code === "not-found")) throw fault;
      }
    },
  };
}

function toOccurrence({ occurrence, subject, document }: Held): readonly Occurrence[] {
  const { name, kind, noteName, createdAt } = occurrence;
  const note = readNoteName(noteName);
  if (note === undefined) return [];
  const since = createdAt === undefined ? {} : { createdAt };
  return [
    {
      name,
      kind,
      note,
      resourceUri: resourceUriOf(subject),
      attestation: parseAttestationV1Beta1(document),
      ...since,
    },
  ];
}
