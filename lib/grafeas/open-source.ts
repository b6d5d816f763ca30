import type { Canonical } from "../image/reference.ts";
import { parseBuild } from "./build.ts";
import { parseDiscoveryV1Beta1 } from "./discovery.ts";
import { cannotBeRead, reportUnreadable } from "./listing.ts";
import { occurrencePath, resourceUriOf, resourceUrisOf } from "./names.ts";
import { parseOccurrenceV1Beta1 } from "./occurrence-v1beta1.ts";
import {
  type Held,
  type Listing,
  listProject,
  type OpenSourceGrafeasOptions,
} from "./open-source-listing.ts";
import { noSuchAnswer, openSourcePurpose } from "./purpose.ts";
import type { About, OccurrenceReader, OccurrenceSource } from "./reader.ts";
import { parseVulnerabilityV1Beta1 } from "./vulnerability-v1beta1.ts";

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
