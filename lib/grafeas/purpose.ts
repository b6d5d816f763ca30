import { VoucherError } from "../errors.ts";
import type { Purpose } from "../google/google-error.ts";

const API = "Container Analysis";

/** What a call does, in an error's words, and the permission for it on `project`. */
export function purposeOf(action: string, permission: string, project: string): Purpose {
  return { api: API, action, permission: `containeranalysis.${permission} on project ${project}` };
}

/** The same of an open-source server, which knows no permissions of Google's. */
export function openSourcePurpose(action: string): Purpose {
  return { api: "Grafeas", action, permission: "access to that server, which is called without credentials" };
}

/** What creating under `notes` takes: a permission on each note besides the one on the project. */
export function creationOf(action: string, project: string, notes: readonly string[]): Purpose {
  const { permission, ...purpose } = purposeOf(action, "occurrences.create", project);
  const attaching = `containeranalysis.notes.attachOccurrence on ${[...new Set(notes)].join(", ")}`;
  return { ...purpose, permission: `${permission}, and ${attaching}` };
}

/** The error of an answer that is JSON and not what the call promises: a proxy's, or that of a server being replaced. */
export function noSuchAnswer({ api, action }: Purpose): VoucherError {
  return new VoucherError("unavailable", `${api} was to ${action} and answered something else`, {
    retryable: true,
  });
}
