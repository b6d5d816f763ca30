import type { Canonical } from "../image/reference.ts";
import { type NoteId, resourceUrisOf } from "./names.ts";

/** The kinds of occurrences in use. */
export type Kind = "ATTESTATION" | "BUILD" | "DISCOVERY" | "VULNERABILITY";

/** How many images one list asks for: longer filters are refused. */
export const SUBJECTS_PER_LIST = 5;

/**
 * The filter for the occurrences of `kind` (and of `note`) on any of `subjects`, in the form that gcloud asks in; on whatever
 * there is where no subject is named.
 */
export function filterOf(kind: Kind, subjects: readonly Canonical[], note?: NoteId): string {
  const resources = subjects.flatMap(resourceUrisOf).map((uri) => `(resourceUrl=${quote(uri)})`);
  const ofNote =
    note === undefined ? [] : [`(noteProjectId=${quote(note.project)})`, `(noteId=${quote(note.note)})`];
  const onSubjects = resources.length === 0 ? [] : [`(${resources.join(" OR ")})`];
  return [`(kind=${quote(kind)})`, ...ofNote, ...onSubjects].join(" AND ");
}

/** A string of the filter language; the grammar of references leaves nothing to escape, but a filter never trusts that. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
