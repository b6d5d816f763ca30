import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { GoogleError } from "../google/google-error.ts";
import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Observer } from "../ports.ts";
import { filterOf, type Kind, piecesOf, SUBJECTS_PER_LIST } from "./filter.ts";
import { isOccurrenceName, requireProject, resourceUrisOf } from "./names.ts";
import {
  type AttestationBody,
  type AttestationPatch,
  type Occurrence,
  parseOccurrence,
} from "./occurrence.ts";

/** The calls of the Grafeas v1 API that are used, as Container Analysis serves them. All throw what {@link Rest} throws. */
export interface GrafeasClient {
  /**
   * Every occurrence of `kind` on `subjects`, five of them a list, every page, filtered again here: not every server
   * honours every filter. One that cannot be read is left out and reported.
   */
  list(
    project: string,
    kind: Kind,
    subjects: readonly Canonical[],
    signal: AbortSignal,
  ): Promise<readonly Occurrence[]>;
  get(name: string, signal: AbortSignal): Promise<Occurrence>;
  /** Is never repeated: it may have taken effect and its answer got lost, so look before calling again. */
  create(project: string, body: AttestationBody, signal: AbortSignal): Promise<void>;
  /**
   * Creates at most 1,000 at once. It is not atomic: after any failure some may stand, all of them even. Throws also
   * where the answer owns up to fewer than were sent.
   */
  batchCreate(project: string, bodies: readonly AttestationBody[], signal: AbortSignal): Promise<void>;
  patch(name: string, body: AttestationPatch, signal: AbortSignal): Promise<void>;
  /** Returns also where it was gone already. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

export interface GrafeasClientOptions {
  readonly rest: Rest;
  readonly observer?: Observer;
}

const API = "Container Analysis";
const PAGE_SIZE = "1000";
/** More than any image has; a server that never comes to its last page must not keep us. */
const MOST_PAGES = 100;

const PageSchema = z.object({
  occurrences: z._default(z.array(z.unknown()), []),
  nextPageToken: z._default(z.string(), ""),
});
const BatchSchema = z.object({ occurrences: z._default(z.array(z.unknown()), []) });

export function createGrafeasClient({ rest, observer }: GrafeasClientOptions): GrafeasClient {
  async function listPiece(
    project: string,
    kind: Kind,
    subjects: readonly Canonical[],
    signal: AbortSignal,
  ): Promise<Occurrence[]> {
    try {
      return await listPages(project, kind, subjects, signal);
    } catch (fault) {
      // How long a filter may be is written nowhere; ask for fewer where it was too long.
      if (subjects.length === 1 || !(fault instanceof GoogleError) || !TOO_LONG.has(fault.httpStatus))
        throw fault;
      const halves = piecesOf(subjects, Math.ceil(subjects.length / 2));
      return (await Promise.all(halves.map((half) => listPiece(project, kind, half, signal)))).flat();
    }
  }

  async function listPages(
    project: string,
    kind: Kind,
    subjects: readonly Canonical[],
    signal: AbortSignal,
  ): Promise<Occurrence[]> {
    const wanted = new Set(subjects.flatMap(resourceUrisOf));
    const filter = filterOf(kind, subjects);
    const found: Occurrence[] = [];
    let pageToken = "";
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { occurrences, nextPageToken } = await listPage(project, kind, filter, pageToken, signal);
      found.push(...occurrences.filter((one) => one.kind === kind && wanted.has(one.resourceUri)));
      if (nextPageToken === "") return found;
      pageToken = nextPageToken;
    }
    throw new VoucherError(
      "limit",
      `${API} has more than ${MOST_PAGES} pages of occurrences for a few images in project ${project}`,
    );
  }

  async function listPage(
    project: string,
    kind: Kind,
    filter: string,
    pageToken: string,
    signal: AbortSignal,
  ) {
    const query = { filter, pageSize: PAGE_SIZE, ...(pageToken === "" ? {} : { pageToken }) };
    const purpose = purposeOf(
      `list ${kind} occurrences in project ${project}`,
      `containeranalysis.occurrences.list on project ${project}`,
    );
    const answer = await rest.call(
      { purpose, method: "GET", path: pathOf(project), query, repeat: "always" },
      signal,
    );
    const page = PageSchema.safeParse(answer);
    if (!page.success) throw broken(purpose.action);
    return {
      occurrences: page.data.occurrences.flatMap(readOrReport),
      nextPageToken: page.data.nextPageToken,
    };
  }

  function readOrReport(document: unknown): readonly Occurrence[] {
    const occurrence = parseOccurrence(document);
    if (occurrence !== undefined) return [occurrence];
    const named = z.object({ name: z.string() }).safeParse(document);
    observer?.record("WARNING", "an occurrence cannot be read and is passed over", {
      occurrence: named.data?.name ?? "",
    });
    return [];
  }

  return {
    async list(project, kind, subjects, signal) {
      requireProject(project);
      const distinct = new Map(subjects.map((subject) => [resourceUrisOf(subject)[0], subject]));
      const pieces = piecesOf([...distinct.values()], SUBJECTS_PER_LIST);
      return (await Promise.all(pieces.map((piece) => listPiece(project, kind, piece, signal)))).flat();
    },
    async get(name, signal) {
      const purpose = purposeOf(`read ${name}`, `containeranalysis.occurrences.get on ${projectOf(name)}`);
      const answer = await rest.call(
        { purpose, method: "GET", path: pathTo(name), repeat: "always" },
        signal,
      );
      const occurrence = parseOccurrence(answer);
      if (occurrence === undefined) throw broken(purpose.action);
      return occurrence;
    },
    async create(project, body, signal) {
      requireProject(project);
      const purpose = purposeOf(
        `attest ${body.resourceUri} under ${body.noteName}`,
        creating(project, body.noteName),
      );
      await rest.call({ purpose, method: "POST", path: pathOf(project), body, repeat: "never" }, signal);
    },
    async batchCreate(project, bodies, signal) {
      requireProject(project);
      const notes = [...new Set(bodies.map(({ noteName }) => noteName))].join(", ");
      const purpose = purposeOf(
        `create ${bodies.length} attestations in project ${project}`,
        creating(project, notes),
      );
      const call = {
        purpose,
        method: "POST",
        path: `${pathOf(project)}:batchCreate`,
        repeat: "if-refused",
      } as const;
      const answer = BatchSchema.safeParse(
        await rest.call({ ...call, body: { occurrences: bodies } }, signal),
      );
      if (answer.data?.occurrences.length !== bodies.length) throw broken(purpose.action);
    },
    async patch(name, body, signal) {
      const purpose = purposeOf(
        `replace ${name}`,
        `containeranalysis.occurrences.update on ${projectOf(name)}`,
      );
      const query = { updateMask: "attestation" };
      await rest.call(
        { purpose, method: "PATCH", path: pathTo(name), query, body, repeat: "always" },
        signal,
      );
    },
    async delete(name, signal) {
      const purpose = purposeOf(
        `delete ${name}`,
        `containeranalysis.occurrences.delete on ${projectOf(name)}`,
      );
      try {
        await rest.call({ purpose, method: "DELETE", path: pathTo(name), repeat: "always" }, signal);
      } catch (fault) {
        if (!(fault instanceof VoucherError && fault.code === "not-found")) throw fault;
      }
    },
  };
}

/** Answers to a request that is too long in one way or another. */
const TOO_LONG: ReadonlySet<number> = new Set([400, 413, 414]);

function purposeOf(action: string, permission: string) {
  return { api: API, action, permission };
}

function creating(project: string, notes: string): string {
  return `containeranalysis.occurrences.create on project ${project} and containeranalysis.notes.attachOccurrence on ${notes}`;
}

function pathOf(project: string): string {
  return `/v1/projects/${project}/occurrences`;
}

/** Throws `malformed` for a name that is no occurrence's. */
function pathTo(name: string): string {
  if (!isOccurrenceName(name)) {
    throw new VoucherError(
      "malformed",
      `${JSON.stringify(name.slice(0, 200))} is not the name of an occurrence`,
    );
  }
  return `/v1/${name}`;
}

function projectOf(name: string): string {
  return `project ${name.split("/")[1] ?? ""}`;
}

/** Whoever answers this once may answer better the next time: a proxy in between, a server that is being replaced. */
function broken(action: string): VoucherError {
  return new VoucherError("unavailable", `${API} was to ${action} and answered something else`, {
    retryable: true,
  });
}
