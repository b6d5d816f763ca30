import { randomUUID } from "node:crypto";
import {
  type Document,
  emptyNote,
  invalid,
  type NewOccurrence,
  type Note,
  type Occurrence,
  readNote,
  readOccurrence,
} from "./grafeas-document.ts";
import { parseFilter } from "./grafeas-filter.ts";
import { type ListRequest, type Ordered, type Page, pageOf } from "./pages.ts";
import { Refusal } from "./server.ts";

export interface StoreOptions {
  /** How long a new occurrence stays invisible to lists, in milliseconds, as the real service may lag; default 0. */
  readonly lagMs?: number;
  /** A location that the names of occurrences carry, as those of the real service may. */
  readonly location?: string;
}

interface Entry extends Ordered<Occurrence> {
  readonly project: string;
  readonly visibleAt: number;
}

const IMMUTABLE = ["resourceUri", "noteName", "kind"];

/** Notes and occurrences, kept by Container Analysis's rules. Throws {@link Refusal} where the API would refuse. */
export class GrafeasStore {
  readonly #notes = new Map<string, Ordered<Note>>();
  readonly #entries = new Map<string, Entry>();
  /** What makes a second attestation a conflict, of every one that is there. */
  readonly #attested = new Set<string>();
  readonly #options: StoreOptions;
  #order = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Every occurrence, those that lists do not show yet included, in the order they were created. */
  get occurrences(): readonly Occurrence[] {
    return [...this.#entries.values()].map(({ item }) => item);
  }

  createNote(project: string, id: string, sent: unknown): Note {
    if (!/^[A-Za-z0-9_.~-]+$/.test(id))
      throw invalid("note_id is required: letters, digits, dashes and dots");
    const name = `projects/${project}/notes/${id}`;
    if (this.#notes.has(name)) throw exists(`note ${name} already exists`);
    const now = new Date().toISOString();
    const item = { ...readNote(sent), name, createTime: now, updateTime: now };
    this.#notes.set(name, { order: this.#next(), item });
    return item;
  }

  note(name: string): Note {
    const note = this.#notes.get(name);
    if (note === undefined) throw missing(`note ${name}`);
    return note.item;
  }

  /** Returns google.protobuf.Empty. */
  deleteNote(name: string): Document {
    if (!this.#notes.delete(name)) throw missing(`note ${name}`);
    return {};
  }

  listNotes(project: string, request: ListRequest): Page<Note> {
    if (request.filter !== "") throw invalid("the filter is invalid: notes are listed without one here");
    const within = `projects/${project}/notes/`;
    return pageOf(
      [...this.#notes.values()].filter(({ item }) => item.name.startsWith(within)),
      request,
    );
  }

  /** Creates the occurrence that a client sent, unless there is an attestation of its note and resource already. */
  create(project: string, sent: unknown): Occurrence {
    const occurrence = readOccurrence(sent);
    const note = this.note(occurrence.noteName);
    if (note.kind !== occurrence.kind) {
      throw invalid(
        `${note.name} is a note of kind ${note.kind}, the occurrence is of kind ${occurrence.kind}`,
      );
    }
    const attested = attestedBy(occurrence);
    if (attested !== undefined && this.#attested.has(attested)) {
      throw exists(`an attestation of ${occurrence.noteName} for ${occurrence.resourceUri} already exists`);
    }
    const { location, lagMs = 0 } = this.#options;
    const within = location === undefined ? "" : `/locations/${location}`;
    const name = `projects/${project}${within}/occurrences/${randomUUID()}`;
    const now = new Date();
    const item = { ...occurrence, name, createTime: now.toISOString(), updateTime: now.toISOString() };
    this.#entries.set(name, { order: this.#next(), item, project, visibleAt: now.getTime() + lagMs });
    if (attested !== undefined) this.#attested.add(attested);
    return item;
  }

  /** Creates an occurrence as a builder or scanner writes it, whose note is in a project of its own and made if missing. */
  seed(project: string, sent: unknown): Occurrence {
    const { noteName, kind } = readOccurrence(sent);
    const [, noteProject = "", , id = ""] = noteName.split("/");
    if (!this.#notes.has(noteName)) this.createNote(noteProject, id, emptyNote(kind));
    return this.create(project, sent);
  }

  occurrence(name: string): Occurrence {
    return this.#entry(name).item;
  }

  /** Replaces the members that `mask` names; where it is empty, every one that was sent and may be replaced. */
  update(name: string, sent: Document, mask: readonly string[]): Occurrence {
    const entry = this.#entry(name);
    const { createTime, noteName } = entry.item;
    if (sent["noteName"] !== noteName) throw invalid(`occurrence.note_name must be ${noteName}`);
    const fields = mask.length > 0 ? mask : Object.keys(sent).filter((key) => !IMMUTABLE.includes(key));
    const fixed = fields.find((field) => IMMUTABLE.includes(field));
    if (fixed !== undefined) throw invalid(`update_mask: ${fixed} is immutable`);
    const changes = Object.fromEntries(fields.map((field) => [field, sent[field]]));
    const item = {
      ...readOccurrence({ ...entry.item, ...changes }),
      name,
      createTime,
      updateTime: new Date().toISOString(),
    };
    if (item.kind !== entry.item.kind) throw invalid("the kind of an occurrence is immutable");
    this.#entries.set(name, { ...entry, item });
    return item;
  }

  /** Returns google.protobuf.Empty. */
  delete(name: string): Document {
    this.#attested.delete(attestedBy(this.#entry(name).item) ?? "");
    this.#entries.delete(name);
    return {};
  }

  /** The occurrences of a project. */
  list(project: string, request: ListRequest): Page<Occurrence> {
    return this.#list((entry) => entry.project === project, request);
  }

  /** The occurrences of a note, in whatever project they are. */
  listOfNote(name: string, request: ListRequest): Page<Occurrence> {
    this.note(name);
    return this.#list(({ item }) => item.noteName === name, request);
  }

  #list(belongs: (entry: Entry) => boolean, request: ListRequest): Page<Occurrence> {
    const matches = parseFilter(request.filter);
    const now = Date.now();
    const listed = [...this.#entries.values()].filter(
      (entry) => entry.visibleAt <= now && belongs(entry) && matches(entry.item),
    );
    return pageOf(listed, request);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw missing(`occurrence ${name}`);
    return entry;
  }

  #next(): number {
    this.#order += 1;
    return this.#order;
  }
}

/** The note and resource of an attestation; nothing for other kinds, of which there may be many alike. */
function attestedBy({ kind, noteName, resourceUri }: NewOccurrence): string | undefined {
  return kind === "ATTESTATION" ? `${noteName} ${resourceUri}` : undefined;
}

function exists(message: string): Refusal {
  return new Refusal(409, message, "ALREADY_EXISTS");
}

function missing(what: string): Refusal {
  return new Refusal(404, `${what} not found`, "NOT_FOUND");
}
