import { type Document, invalid, type Note, type Occurrence, readBody } from "./grafeas-document.ts";
import { GrafeasStore, type StoreOptions } from "./grafeas-store.ts";
import type { ListRequest, Page } from "./pages.ts";
import {
  type Answer,
  json,
  type LocalRequest,
  type LocalServer,
  listen,
  Refusal,
  type ServerOptions,
} from "./server.ts";

export interface GrafeasOptions extends ServerOptions, StoreOptions {
  /** The notes of attestations that are there from the start: `projects/PROJECT/notes/NOTE`. */
  readonly notes?: readonly string[];
  /**
   * What a batch with a conflict is answered, since both are seen: `partial` (the default) creates the others and
   * answers INVALID_ARGUMENT, `refused` creates none and answers ALREADY_EXISTS.
   */
  readonly batchConflict?: "partial" | "refused";
}

export interface LocalGrafeas extends LocalServer {
  /** Every occurrence in the order they were created, those that lists do not show yet included. */
  occurrences(): readonly Occurrence[];
  /**
   * Writes an occurrence of any kind into `project`, as builders and scanners do, and returns it. Throws a refusal (400)
   * for a document that is none.
   */
  seed(project: string, occurrence: object): Occurrence;
  /** Replaces the content of an occurrence, such as how far a scan is: `{ discovery: { … } }`. */
  amend(name: string, content: object): Occurrence;
}

interface Route {
  readonly pattern: RegExp;
  readonly kind: "occurrences" | "batch" | "notes";
  readonly methods: {
    readonly [method: string]: (request: LocalRequest, project: string, name: string) => unknown;
  };
}

const STATUS: { readonly [status: number]: string } = {
  404: "NOT_FOUND",
  413: "INVALID_ARGUMENT",
  500: "INTERNAL",
};
const LARGEST_BATCH = 1000;

/**
 * Starts a Grafeas v1 server that keeps everything in memory and speaks REST as Container Analysis does: JSON without
 * members that have their default, Google's error bodies. It counts its requests as `occurrences`, `batch` and `notes`.
 */
export async function startGrafeas(options: GrafeasOptions = {}): Promise<LocalGrafeas> {
  const store = new GrafeasStore(options);
  for (const name of options.notes ?? []) {
    const [, project = "", , id = ""] = name.split("/");
    store.createNote(project, id, { attestation: { hint: { humanReadableName: id } } });
  }
  const routes = routesOf(store, options);

  const routeOf = ({ path }: LocalRequest) => {
    for (const route of routes) {
      const match = route.pattern.exec(decode(path));
      if (match !== null) return { route, project: match[2] ?? "", name: match[1] ?? "" };
    }
    return undefined;
  };

  const server = await listen(
    {
      kindOf: (request) => routeOf(request)?.route.kind ?? "other",
      refuse,
      answer: (request) => {
        const found = routeOf(request);
        const answer = found?.route.methods[request.method];
        if (found === undefined || answer === undefined) {
          throw new Refusal(404, `${request.method} ${request.path} is no method of this API`);
        }
        return json(200, answer(request, found.project, found.name));
      },
    },
    options,
  );
  return {
    ...server,
    occurrences: () => store.occurrences,
    seed: (project, occurrence) => store.seed(project, occurrence),
    amend: (name, content) =>
      store.update(name, { ...content, noteName: store.occurrence(name).noteName }, Object.keys(content)),
  };
}

/** Each pattern's first group is the resource's name (or its parent's), the second the project in it. */
function routesOf(store: GrafeasStore, { batchConflict = "partial" }: GrafeasOptions): readonly Route[] {
  return [
    {
      kind: "occurrences",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?)\/occurrences$/,
      methods: {
        GET: (request, project) => answerList("occurrences", store.list(project, listRequest(request))),
        POST: ({ body }, project) => store.create(project, readBody(body)),
      },
    },
    {
      kind: "batch",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?)\/occurrences:batchCreate$/,
      methods: { POST: ({ body }, project) => createBatch(store, project, readBody(body), batchConflict) },
    },
    {
      kind: "occurrences",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?\/occurrences\/[^/]+)$/,
      methods: {
        GET: (_request, _project, name) => store.occurrence(name),
        PATCH: ({ body, query }, _project, name) => store.update(name, readBody(body), readMask(query)),
        DELETE: (_request, _project, name) => store.delete(name),
      },
    },
    {
      kind: "occurrences",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?\/notes\/[^/]+)\/occurrences$/,
      methods: {
        GET: (request, _project, name) =>
          answerList("occurrences", store.listOfNote(name, listRequest(request))),
      },
    },
    {
      kind: "notes",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?)\/notes$/,
      methods: {
        GET: (request, project) => answerList("notes", store.listNotes(project, listRequest(request))),
        POST: ({ body, query }, project) =>
          store.createNote(project, query.get("noteId") ?? "", readBody(body)),
      },
    },
    {
      kind: "notes",
      pattern: /^\/v1\/(projects\/([^/]+)(?:\/locations\/[^/]+)?\/notes\/[^/]+)$/,
      methods: {
        GET: (_request, _project, name) => store.note(name),
        DELETE: (_request, _project, name) => store.deleteNote(name),
      },
    },
  ];
}

function createBatch(
  store: GrafeasStore,
  project: string,
  body: Document,
  conflict: "partial" | "refused",
): Document {
  const { occurrences } = body;
  if (!Array.isArray(occurrences) || occurrences.length === 0 || occurrences.length > LARGEST_BATCH) {
    throw invalid(`occurrences needs 1 to ${LARGEST_BATCH} items`);
  }
  const created: Occurrence[] = [];
  const refused: Refusal[] = [];
  for (const sent of occurrences) {
    try {
      created.push(store.create(project, sent));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      refused.push(thrown);
    }
  }
  const [first] = refused;
  if (first === undefined) return { occurrences: created };
  const clash = refused.find(({ status }) => status === 409);
  if (conflict === "refused" && clash !== undefined) {
    for (const { name } of created) store.delete(name);
    throw clash;
  }
  throw invalid(`${refused.length} of ${occurrences.length} occurrences failed; the first: ${first.message}`);
}

/** As Google's JSON, an empty list is left out, and so is the token of a last page. */
function answerList(
  member: "occurrences" | "notes",
  { items, nextPageToken }: Page<Occurrence | Note>,
): Document {
  return {
    ...(items.length === 0 ? {} : { [member]: items }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

function listRequest({ query }: LocalRequest): ListRequest {
  return {
    filter: query.get("filter") ?? "",
    pageSize: Number(query.get("pageSize") ?? 0),
    pageToken: query.get("pageToken") ?? "",
  };
}

/** A field mask's JSON form: names joined by commas, in lower camel case; the original snake case is read as well. */
function readMask(query: URLSearchParams): readonly string[] {
  const names = (query.get("updateMask") ?? "").split(",").filter((name) => name !== "");
  return names.map((name) => name.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()));
}

function refuse({ status, message, code }: Refusal): Answer {
  return json(status, { error: { code: status, message, status: code ?? STATUS[status] ?? "UNKNOWN" } });
}

function decode(path: string): string {
  return path.replaceAll(/%3a/gi, ":").replaceAll(/%2f/gi, "/");
}
