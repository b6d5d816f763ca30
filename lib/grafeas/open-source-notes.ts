import type { Rest } from "../google/rest.ts";
import { type NoteId, noteName, notesPath } from "./names.ts";
import { openSourcePurpose } from "./purpose.ts";

/** Sees to it that notes are there, on a server that would take an attestation without one, or fail without saying why. */
export interface NoteWatch {
  /** Throws `not-found` where one of `notes` is missing. One that was there is not asked for again. */
  require(notes: readonly NoteId[], signal: AbortSignal): Promise<void>;
}

export function createNoteWatch(rest: Rest): NoteWatch {
  const seen = new Set<string>();
  async function look({ project, note }: NoteId, signal: AbortSignal): Promise<void> {
    const name = noteName({ project, note });
    const path = `${notesPath(project, "v1beta1")}/${note}`;
    await rest.call(
      { purpose: openSourcePurpose(`read ${name}`), method: "GET", path, repeat: "always" },
      signal,
    );
    seen.add(name);
  }
  return {
    async require(notes, signal) {
      const unseen = new Map(notes.map((note) => [noteName(note), note]));
      for (const name of seen) unseen.delete(name);
      await Promise.all([...unseen.values()].map((note) => look(note, signal)));
    },
  };
}
