import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Observer } from "../ports.ts";
import { parseBuild } from "./build.ts";
import { parseDiscoveryV1Beta1 } from "./discovery.ts";
import { cannotBeRead, reportUnreadable } from "./listing.ts";
import { occurrencePath, occurrencesPath, projectOf, resourceUriOf, resourceUrisOf } from "./names.ts";
import { type OccurrenceV1Beta1, parseOccurrenceV1Beta1 } from "./occurrence-v1beta1.ts";
import { listPages } from "./pages.ts";
import { noSuchAnswer, openSourcePurpose } from "./purpose.ts";
import type { About, OccurrenceReader, OccurrenceSource } from "./reader.ts";
import { parseVulnerabilityV1Beta1 } from "./vulnerability-v1beta1.ts";

export interface OpenSourceGrafeasOptions {
  /** Calls the server, without credentials. */
  readonly rest: Rest;
  readonly observer?: Observer | undefined;
}

/** A server is asked for all that it has on a project, so there may be far more than what one review is about. */
const MOST_PAGES = 500;

/** The open-source Grafeas server, which speaks v1beta1. */
export function createOpenSourceGrafeas({ rest, observer }: OpenSourceGrafeasOptions): OccurrenceSource {
  return {
    scansAmd64Only: false,
    reader: (subjects, signal) => createReader({ rest, observer, signal }, subjects),

    async get(name, signal) {
      const path = occurrencePath(name, "v1beta1");
      const purpose = openSourcePurpose(`read ${name}`);
      const answer = await rest.call({ purpose, method: "GET", path, repeat: "always" }, signal);
      const occurrence = parseOccurrenceV1Beta1(answer);
      if (occurrence === undefined) throw noSuchAnswer(purpose);
      const { kind, resourceUri } = occurrence;
      const scan = kind === "DISCOVERY" ? parseDiscoveryV1Beta1(answer) : undefined;
      return { kind, resourceUri, ...(scan === undefined ? {} : { scan }) };
    },
  };
}

/** An occurrence about one of the images in question, and the document that it was read from. */
interface Held {
  readonly occurrence: OccurrenceV1Beta1;
  readonly subject: Canonical;
  readonly document: unknown;
}

interface Listing extends OpenSourceGrafeasOptions {
  readonly signal: AbortSignal;
}

/** Lists each project once, whatever is asked about it. */
function createReader(listing: Listing, all: readonly Canonical[]): OccurrenceReader {
  const { observer } = listing;
  const wanted = new Map(all.flatMap((subject) => resourceUrisOf(subject).map((uri) => [uri, subject])));
  const lists = new Map<string, Promise<readonly Held[]>>();

  async function held(project: string, kind: string, subjects: readonly Canonical[]) {
    const list = lists.get(project) ?? listProject(listing, project, wanted);
    lists.set(project, list);
    const uris = new Set(subjects.map(resourceUriOf));
    return (await list).filter(
      ({ occurrence, subject }) => occurrence.kind === kind && uris.has(resourceUriOf(subject)),
    );
  }

  const readEach = async <Fact>(
    found: Promise<readonly Held[]>,
    parse: (document: unknown, name: string) => Fact | undefined,
  ): Promise<readonly About<Fact>[]> =>
    (await found).flatMap(({ occurrence: { name, noteName: note }, subject, document }) => {
      const fact = parse(document, name);
      if (fact === undefined) reportUnreadable(observer, document);
      return fact === undefined ? [] : [{ subject, note, fact }];
    });

  return {
    async builds(project, subjects) {
      const found = await readEach(held(project, "BUILD", subjects), parseBuild);
      return found.flatMap(({ fact, ...about }) => fact.map((record) => ({ ...about, fact: record })));
    },

    discoveries: (project, subjects) => readEach(held(project, "DISCOVERY", subjects), parseDiscoveryV1Beta1),

    async vulnerabilities(project, subject) {
      return (await held(project, "VULNERABILITY", [subject])).flatMap(({ document }) => {
        const found = parseVulnerabilityV1Beta1(document);
        if (found === undefined) throw cannotBeRead("VULNERABILITY", document);
        return found;
      });
    },
  };
}

/**
 * Everything on the `wanted` images that `project` holds. No filter is sent: the server's own stores ignore it, and others
 * read the same words in other ways, where one that matches nothing would look like an image without a flaw.
 */
async function listProject(
  { rest, signal, observer }: Listing,
  project: string,
  wanted: ReadonlyMap<string, Canonical>,
): Promise<readonly Held[]> {
  const purpose = openSourcePurpose(`list the occurrences in project ${project}`);
  const path = occurrencesPath(project, "v1beta1");
  const found = new Map<string, Held>();
  let first: string | undefined;
  for await (const documents of listPages({ rest, path, purpose, mostPages: MOST_PAGES, signal })) {
    for (const document of documents) {
      const occurrence = parseOccurrenceV1Beta1(document);
      if (occurrence === undefined) {
        reportUnreadable(observer, document);
        continue;
      }
      // The PostgreSQL store never ends its pages, but begins anew.
      if (occurrence.name === first) return [...found.values()];
      first ??= occurrence.name;
      const subject = wanted.get(occurrence.resourceUri);
      // The memory store takes every project whose name begins like this one's.
      if (subject !== undefined && projectOf(occurrence.name) === project)
        found.set(occurrence.name, { occurrence, subject, document });
    }
  }
  return [...found.values()];
}
