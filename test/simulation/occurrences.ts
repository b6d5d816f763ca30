import { parseFilter } from "../../lib/local/grafeas-filter.ts";
import type { Settings } from "./history.ts";
import type { Caller } from "./wire.ts";

/** A call that the service refuses, under its own name for that. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, name: string) {
    super(name);
    this.status = status;
  }
}

export interface AttestationContent {
  readonly serializedPayload: string;
  readonly signatures: readonly { readonly signature: string; readonly publicKeyId: string }[];
}

/** An occurrence as it stands. */
export interface OccurrenceDocument {
  readonly name: string;
  readonly kind: string;
  readonly noteName: string;
  readonly resourceUri: string;
  readonly createTime: string;
  readonly updateTime: string;
  readonly attestation?: AttestationContent;
  readonly [content: string]: unknown;
}

/** What somebody sends to have an occurrence made. */
export type NewDocument = Omit<OccurrenceDocument, "name" | "createTime" | "updateTime">;

interface Entry {
  readonly project: string;
  /** Every version of it, and from when on lists show it. */
  readonly versions: { readonly document: OccurrenceDocument; readonly visible: number }[];
}

export interface Page {
  readonly found: readonly OccurrenceDocument[];
  /** The token of the next page, if there is one. */
  readonly more: string | undefined;
}

/** What a Grafeas holds. Reads by name see the latest version at once, lists when it is visible. */
export interface Occurrences {
  list(project: string, filter: string, query: URLSearchParams): Page;
  get(name: string): OccurrenceDocument;
  create(by: Caller, project: string, sent: unknown): OccurrenceDocument;
  createBatch(by: Caller, project: string, sent: readonly unknown[]): readonly OccurrenceDocument[];
  patch(by: Caller, name: string, sent: unknown): OccurrenceDocument;
  /** Answers as the API does: with nothing. */
  delete(by: Caller, name: string): object;
  /** Evidence that somebody else writes: makes the occurrence `id`, or brings it to where it now stands. */
  write(project: string, id: string, document: object, lag: number): string;
  /** Whether an attestation stands where this one belongs. */
  isTaken(document: NewDocument): boolean;
  /** Takes an occurrence away; lists go on to show it for `lag`. */
  remove(name: string, lag: number): void;
  /** As {@link remove}, for all whose ids begin so. */
  removeAll(id: string, lag: number): void;
  /** Every attestation that stands, visible or not. */
  attestations(): readonly OccurrenceDocument[];
}

export interface OccurrencesOptions {
  readonly services: Settings["services"];
  readonly now: () => number;
  /** How long a new attestation stays invisible to lists, in milliseconds. */
  readonly lag: () => number;
  /** What a batch with a conflict is answered: `partial` creates the others, `refused` creates none. */
  readonly batchConflict: () => "partial" | "refused";
  /** Is told of every attestation that is written, and what it replaces. */
  readonly deleted: (by: Caller, document: OccurrenceDocument) => void;
  readonly wrote: (
    by: Caller,
    document: OccurrenceDocument,
    replaced: OccurrenceDocument | undefined,
  ) => void;
}

export function createOccurrences(options: OccurrencesOptions): Occurrences {
  const { services, now, lag, wrote } = options;
  const entries = new Map<string, Entry>();
  let created = 0;

  /** Until when lists show what is gone. */
  const gone = new Map<string, number>();

  const latest = (entry: Entry) => {
    const document = entry.versions.at(-1)?.document;
    return document === undefined || gone.has(document.name) ? undefined : document;
  };
  const visible = ({ versions }: Entry) => {
    const document = versions.findLast((version) => version.visible <= now())?.document;
    const until = gone.get(document?.name ?? "") ?? Infinity;
    return now() < until ? document : undefined;
  };
  const time = () => new Date(Date.UTC(2027, 0) + now()).toISOString();

  function attestations(): readonly OccurrenceDocument[] {
    return [...entries.values()].flatMap((entry) => {
      const document = latest(entry);
      return document?.kind === "ATTESTATION" ? [document] : [];
    });
  }

  /** What makes a second attestation a conflict is written nowhere; both readings are within the service's rights. */
  function clashes(a: OccurrenceDocument, b: OccurrenceDocument): boolean {
    if (a.noteName !== b.noteName || a.resourceUri !== b.resourceUri) return false;
    if (services.server === "open source") return false;
    return services.conflict === "place" || keysOf(a).some((key) => keysOf(b).includes(key));
  }

  function prepare(project: string, sent: unknown): OccurrenceDocument {
    const stamps = { createTime: time(), updateTime: time() };
    const name = `projects/${project}/occurrences/a${created + 1}`;
    return { ...(sent as OccurrenceDocument), name, ...stamps };
  }

  function add(by: Caller, project: string, document: OccurrenceDocument): OccurrenceDocument {
    created += 1;
    entries.set(document.name, { project, versions: [{ document, visible: now() + lag() }] });
    wrote(by, document, undefined);
    return document;
  }

  function create(by: Caller, project: string, sent: unknown): OccurrenceDocument {
    const document = prepare(project, sent);
    if (attestations().some((one) => clashes(one, document))) throw new Refusal(409, "ALREADY_EXISTS");
    return add(by, project, document);
  }

  return {
    attestations,
    isTaken: ({ noteName, resourceUri }) =>
      attestations().some((one) => one.noteName === noteName && one.resourceUri === resourceUri),
    create,
    list(project, filter, query) {
      if (filter.split("resourceUrl=").length - 1 > 2 * services.longestFilter)
        throw new Refusal(400, "INVALID_ARGUMENT");
      const matches = parseFilter(filter);
      const from = Number(query.get("pageToken") ?? 0);
      const found = [...entries.values()].flatMap((entry) => {
        const document = entry.project === project ? visible(entry) : undefined;
        return document !== undefined && matches(document) ? [document] : [];
      });
      const size = Math.min(services.page, Number(query.get("pageSize") ?? 20));
      const more = from + size < found.length ? String(from + size) : undefined;
      return { found: found.slice(from, from + size), more };
    },
    get(name) {
      const entry = entries.get(name);
      const document = entry === undefined ? undefined : latest(entry);
      if (document === undefined) throw new Refusal(404, "NOT_FOUND");
      return document;
    },
    createBatch(by, project, sent) {
      const clashesWithOne = (item: unknown) =>
        attestations().some((one) => clashes(one, prepare(project, item)));
      if (options.batchConflict() === "refused" && sent.some(clashesWithOne))
        throw new Refusal(409, "ALREADY_EXISTS");
      const made = sent.flatMap((item) => (clashesWithOne(item) ? [] : [create(by, project, item)]));
      if (made.length < sent.length) throw new Refusal(400, "INVALID_ARGUMENT");
      return made;
    },
    patch(by, name, sent) {
      const entry = entries.get(name);
      const standing = entry === undefined ? undefined : latest(entry);
      if (entry === undefined || standing === undefined) throw new Refusal(404, "NOT_FOUND");
      const { attestation } = sent as OccurrenceDocument;
      const document = { ...standing, ...(attestation && { attestation }), updateTime: time() };
      entry.versions.push({ document, visible: now() + lag() });
      wrote(by, document, standing);
      return document;
    },
    delete(by, name) {
      const entry = entries.get(name);
      const document = entry === undefined ? undefined : latest(entry);
      if (document === undefined) throw new Refusal(404, "NOT_FOUND");
      gone.set(name, now() + lag());
      options.deleted(by, document);
      return {};
    },
    removeAll(id, late) {
      for (const name of entries.keys()) {
        if (name.includes(`/occurrences/${id}`) && !gone.has(name)) gone.set(name, now() + late);
      }
    },
    remove: (name, late) => void gone.set(name, now() + late),
    write(project, id, document, late) {
      const name = `projects/${project}/occurrences/${id}`;
      const entry = entries.get(name) ?? { project, versions: [] };
      const createTime = entry.versions[0]?.document.createTime ?? time();
      const version = { ...(document as OccurrenceDocument), name, createTime, updateTime: time() };
      entry.versions.push({ document: version, visible: now() + late });
      entries.set(name, entry);
      return name;
    },
  };
}

export function keysOf({ attestation }: OccurrenceDocument): readonly string[] {
  return attestation?.signatures.map(({ publicKeyId }) => publicKeyId) ?? [];
}
