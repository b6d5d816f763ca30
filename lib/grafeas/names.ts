import { VoucherError } from "../errors.ts";
import { type Canonical, parseCanonical, uriOf } from "../image/reference.ts";

/** A note, by the project that it lives in and its id. */
export interface NoteId {
  readonly project: string;
  readonly note: string;
}

/** One segment of a resource name, as it may stand in a URL: no slash, no escape, no step upwards. */
const SEGMENT = "(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~:@=+,-]+";
const PARENT = `projects/(${SEGMENT})(?:/locations/${SEGMENT})?`;
const NOTE = new RegExp(`^${PARENT}/notes/(${SEGMENT})$`);
const OCCURRENCE = new RegExp(`^${PARENT}/occurrences/${SEGMENT}$`);
const PROJECT = new RegExp(`^${SEGMENT}$`);

/** `projects/P/notes/N`. */
export function noteName({ project, note }: NoteId): string {
  return `projects/${project}/notes/${note}`;
}

/** Reads the name of a note, with or without a location. */
export function readNoteName(name: string): NoteId | undefined {
  const [, project, note] = NOTE.exec(name) ?? [];
  return project === undefined || note === undefined ? undefined : { project, note };
}

/** Whether `name` is an occurrence's, with or without a location, and can stand in a URL as it is. */
export function isOccurrenceName(name: string): boolean {
  return OCCURRENCE.test(name);
}

/** The versions of the API that are spoken: Container Analysis's, and that of the open-source server. */
export type ApiVersion = "v1" | "v1beta1";

/** The path of the occurrences of `project`. Throws `config` where that cannot be a project's id. */
export function occurrencesPath(project: string, version: ApiVersion = "v1"): string {
  if (!PROJECT.test(project)) {
    throw new VoucherError(
      "config",
      `${JSON.stringify(project.slice(0, 200))} is no project id; one looks like my-project-1`,
    );
  }
  return `/${version}/projects/${project}/occurrences`;
}

/** The path of the notes of `project`. Throws `config` where that cannot be a project's id. */
export function notesPath(project: string, version: ApiVersion = "v1"): string {
  return occurrencesPath(project, version).replace(/occurrences$/, "notes");
}

/** The path of one occurrence, its name as it came. Throws `malformed` for a name that is no occurrence's. */
export function occurrencePath(name: string, version: ApiVersion = "v1"): string {
  if (isOccurrenceName(name)) return `/${version}/${name}`;
  throw new VoucherError(
    "malformed",
    `${JSON.stringify(name.slice(0, 200))} is not the name of an occurrence`,
  );
}

/** The project of an occurrence. */
export function projectOf(name: string): string {
  return name.split("/")[1] ?? "";
}

/** How we name an image in an occurrence: an https URL, as Binary Authorization looks it up. */
export function resourceUriOf(subject: Canonical): string {
  return uriOf(subject);
}

/** Every way in which producers of occurrences name an image. */
export function resourceUrisOf(subject: Canonical): readonly string[] {
  const uri = uriOf(subject);
  return [uri, uri.replace(/^https:\/\//, "")];
}

/** The image that an occurrence's resource is; `undefined` for what is no image, or names no digest. */
export function imageOf(resourceUri: string): Canonical | undefined {
  try {
    return parseCanonical(resourceUri.replace(/^https?:\/\//, ""));
  } catch {
    return undefined;
  }
}
