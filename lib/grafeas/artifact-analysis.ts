import * as z from "zod/mini";
import type { Rest } from "../google/rest.ts";
import type { Canonical } from "../image/reference.ts";
import type { Log } from "../ports.ts";
import { parseBuild } from "./build.ts";
import { parseDiscovery } from "./discovery.ts";
import type { Kind } from "./filter.ts";
import { cannotBeRead, type Listing, listOccurrences, reportUnreadable } from "./listing.ts";
import { type NoteId, noteName, occurrencePath, projectOf, readNoteName } from "./names.ts";
import { text } from "./proto-json.ts";
import { noSuchAnswer, purposeOf } from "./purpose.ts";
import type { About, OccurrenceReader, OccurrenceSource } from "./reader.ts";
import { parseVulnerability } from "./vulnerability.ts";

export interface ArtifactAnalysisOptions {
  readonly rest: Rest;
  readonly observer?: Log | undefined;
}

/** The only note whose discoveries speak of vulnerabilities. */
const VULNERABILITY_SCANS: NoteId = { project: "goog-analysis", note: "PACKAGE_VULNERABILITY" };

/** Google's Artifact Analysis, by the Grafeas v1 API of Container Analysis. */
export function createArtifactAnalysis({ rest, observer }: ArtifactAnalysisOptions): OccurrenceSource {
  return {
    scansAmd64Only: true,
    reader: (_subjects, signal) => createReader(rest, signal, observer),

    async get(name, signal) {
      const path = occurrencePath(name);
      const purpose = purposeOf(`read ${name}`, "occurrences.get", projectOf(name));
      const answer = await rest.call({ purpose, method: "GET", path, repeat: "always" }, signal);
      const { success, data } = OccurrenceSchema.safeParse(answer);
      if (!success) throw noSuchAnswer(purpose);
      const { kind, resourceUri } = data;
      const scan = isVulnerabilityScan(data.noteName) ? parseDiscovery(answer) : undefined;
      return { kind, resourceUri, ...(kind === "DISCOVERY" && scan !== undefined ? { scan } : {}) };
    },
  };
}

const OccurrenceSchema = z.object({ name: z.string(), kind: text, resourceUri: text, noteName: text });

function isVulnerabilityScan(name: string): boolean {
  const note = readNoteName(name);
  return note !== undefined && noteName(note) === noteName(VULNERABILITY_SCANS);
}

function createReader(rest: Rest, signal: AbortSignal, observer: Log | undefined): OccurrenceReader {
  const listing = (project: string, kind: Kind, unreadable: Listing["unreadable"]): Listing => ({
    rest,
    project,
    kind,
    signal,
    unreadable,
    observer,
  });
  /** What `parse` makes of each occurrence; one that it makes nothing of is left out and reported. */
  const readEach = async <Fact>(
    from: Listing,
    subjects: readonly Canonical[],
    parse: (document: unknown, name: string) => Fact | undefined,
  ): Promise<readonly About<Fact>[]> => {
    const listed = await listOccurrences(from, subjects);
    return listed.flatMap(({ occurrence, subject, document }) => {
      const fact = parse(document, occurrence.name);
      if (fact === undefined) reportUnreadable(observer, document);
      return fact === undefined ? [] : [{ subject, note: noteName(occurrence.note), fact }];
    });
  };

  return {
    async builds(project, subjects) {
      const found = await readEach(listing(project, "BUILD", "pass over"), subjects, parseBuild);
      return found.flatMap(({ fact, ...about }) => fact.map((record) => ({ ...about, fact: record })));
    },

    discoveries(project, subjects) {
      const from = { ...listing(project, "DISCOVERY", "pass over"), note: VULNERABILITY_SCANS };
      return readEach(from, subjects, parseDiscovery);
    },

    async vulnerabilities(project, subject) {
      const listed = await listOccurrences(listing(project, "VULNERABILITY", "fail"), [subject]);
      return listed.flatMap(({ document }) => {
        const found = parseVulnerability(document);
        if (found === undefined) throw cannotBeRead("VULNERABILITY", document);
        return found;
      });
    },
  };
}
