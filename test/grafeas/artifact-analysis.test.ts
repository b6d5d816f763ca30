import { describe, expect, it } from "vitest";
import { createArtifactAnalysis } from "../../lib/grafeas/artifact-analysis.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { formatReference, parseCanonical } from "../../lib/image/reference.ts";
import { json } from "../../lib/local/server.ts";
import { refusal, restTo, type Step, scripted } from "../google/scripted.ts";
import { recordingObserver } from "../support/fake-ports.ts";

const subject = parseCanonical(`gcr.io/p/app@${digestOf(Buffer.of(1))}`);
const other = parseCanonical(`gcr.io/p/app@${digestOf(Buffer.of(2))}`);
const signal = new AbortController().signal;
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";

const occurrence = (id: string, more: object) => ({
  name: `projects/p/occurrences/${id}`,
  resourceUri: `https://${formatReference(subject)}`,
  noteName: "projects/x/notes/n",
  ...more,
});
const discovery = (id: string, more: object = {}) =>
  occurrence(id, { kind: "DISCOVERY", noteName: SCANS, discovery: { analysisStatus: "COMPLETE" }, ...more });
const page = (...occurrences: readonly unknown[]) => json(200, { occurrences });

async function against(...steps: readonly Step[]) {
  const { requests, endpoint } = await scripted(...steps);
  const observer = recordingObserver();
  const source = createArtifactAnalysis({ rest: restTo(endpoint), observer });
  return { requests, observer, source, reader: source.reader([subject, other], signal) };
}

describe("a list of Artifact Analysis", () => {
  it("is filtered again, for not every server honours every filter", async () => {
    const { reader } = await against(
      page(
        discovery("1"),
        discovery("2", { noteName: "projects/goog-analysis/notes/SBOM" }),
        discovery("3", { noteName: "projects/other/notes/PACKAGE_VULNERABILITY" }),
        discovery("4", { kind: "BUILD" }),
        discovery("5", { resourceUri: `https://${formatReference(other)}` }),
        discovery("6", { resourceUri: formatReference(subject) }),
      ),
    );
    const found = await reader.discoveries("p", [subject]);
    expect(found.map(({ subject, note }) => [subject, note])).toEqual([
      [subject, SCANS],
      [subject, SCANS],
    ]);
  });

  it("of build records tells which image each is about", async () => {
    const build = { kind: "BUILD", build: { provenance: { creator: "me" } } };
    const { reader } = await against(
      page(
        occurrence("1", build),
        occurrence("2", { ...build, resourceUri: `https://${formatReference(other)}` }),
      ),
    );
    const found = await reader.builds("p", [subject, other]);
    expect(found.map(({ subject: of, fact }) => [of, fact.id])).toEqual([
      [subject, "projects/p/occurrences/1"],
      [other, "projects/p/occurrences/2"],
    ]);
  });

  it("of discoveries passes over one that cannot be read, and says so", async () => {
    const { reader, observer } = await against(page(discovery("1", { discovery: "soon" }), { name: "odd" }));
    expect(await reader.discoveries("p", [subject])).toEqual([]);
    expect(observer.entries.map(({ fields }) => fields)).toEqual([
      { occurrence: "odd" },
      { occurrence: "projects/p/occurrences/1" },
    ]);
  });

  it.each([
    ["that is no occurrence", { name: "odd" }, "odd"],
    ["that is nothing", null, ""],
    [
      "whose content is none",
      occurrence("1", { kind: "VULNERABILITY", vulnerability: 7 }),
      "projects/p/occurrences/1",
    ],
  ])("of vulnerabilities fails with one %s", async (_what, document, name) => {
    const { reader } = await against(page(document));
    await expect(reader.vulnerabilities("p", subject)).rejects.toMatchObject({
      code: "malformed",
      retryable: false,
      message: `the VULNERABILITY occurrence "${name}" cannot be read`,
    });
  });

  it.each([
    ["refuses", refusal(403, "PERMISSION_DENIED"), { code: "forbidden", retryable: false }],
    ["is not there", refusal(503, "UNAVAILABLE"), { code: "unavailable", retryable: true }],
    ["answers something else", json(200, { occurrences: 7 }), { code: "unavailable", retryable: true }],
  ])("is an error, and never empty, where the service %s", async (_what, answer, error) => {
    const { reader } = await against(answer);
    await expect(reader.builds("p", [subject])).rejects.toMatchObject(error);
    await expect(reader.discoveries("p", [subject])).rejects.toMatchObject(error);
    await expect(reader.vulnerabilities("p", subject)).rejects.toMatchObject(error);
  });

  it("is not asked for where there is nothing to ask about", async () => {
    const { reader, requests } = await against(page());
    expect(await reader.builds("p", [])).toEqual([]);
    expect(requests).toHaveLength(0);
  });
});

describe("one occurrence of Artifact Analysis", () => {
  it("is read with what it says of a scan", async () => {
    const { source } = await against(json(200, discovery("1")));
    expect(await source.get("projects/p/occurrences/1", signal)).toEqual({
      kind: "DISCOVERY",
      resourceUri: `https://${formatReference(subject)}`,
      scan: { state: "finished", stale: false, errors: [] },
    });
  });

  it("is a passing fault where the answer is something else", async () => {
    const { source } = await against(json(200, { hello: "world" }));
    await expect(source.get("projects/p/occurrences/1", signal)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });
});
