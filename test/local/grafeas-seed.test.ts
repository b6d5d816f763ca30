import { describe, expect, it, onTestFinished } from "vitest";
import { type GrafeasOptions, startGrafeas } from "../../lib/local/grafeas.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const resourceUri = `https://gcr.io/p/app@sha256:${"a".repeat(64)}`;
const DISCOVERY = {
  noteName: "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
  resourceUri,
  discovery: { analysisStatus: "SCANNING" },
};
const BUILD = {
  noteName: "projects/builder/notes/build",
  resourceUri,
  build: { provenance: { creator: "me" } },
};
const VULNERABILITY = {
  noteName: "projects/goog-vulnz/notes/CVE-2026-1",
  resourceUri,
  vulnerability: { effectiveSeverity: "HIGH", packageIssue: [{ affectedPackage: "openssl" }] },
};

async function start(options: GrafeasOptions = {}) {
  const grafeas = await startGrafeas(options);
  onTestFinished(() => grafeas.close());
  const list = async (filter: string) => {
    const query = new URLSearchParams({ filter });
    const answer = await fetch(`${grafeas.url}/v1/projects/p/occurrences?${query}`);
    return (await answer.json()) as { readonly occurrences?: readonly { readonly kind: string }[] };
  };
  return { grafeas, list };
}

describe("occurrences that builders and scanners write", () => {
  it.each([
    ["DISCOVERY", DISCOVERY],
    ["BUILD", BUILD],
    ["VULNERABILITY", VULNERABILITY],
  ])("are listed by their kind, as Google's schema has them: %s", async (kind, document) => {
    const { grafeas, list } = await start();
    for (const one of [DISCOVERY, BUILD, VULNERABILITY]) grafeas.seed("p", one);
    const answer = await list(`kind="${kind}" AND resourceUrl="${resourceUri}"`);
    expect(answer.occurrences).toMatchObject([{ kind, ...document }]);
    expect(protoJsonErrors("grafeas.v1.ListOccurrencesResponse", answer)).toEqual([]);
  });

  it("need no note: it is there when they are", async () => {
    const { grafeas } = await start();
    for (const one of [DISCOVERY, BUILD, VULNERABILITY]) {
      grafeas.seed("p", one);
      const note = await (await fetch(`${grafeas.url}/v1/${one.noteName}`)).json();
      expect(note).toMatchObject({ name: one.noteName });
      expect(protoJsonErrors("grafeas.v1.Note", note)).toEqual([]);
    }
  });

  it("may be many of one note on one image, as attestations may not", async () => {
    const { grafeas, list } = await start();
    for (let time = 0; time < 3; time += 1) grafeas.seed("p", BUILD);
    expect((await list('kind="BUILD"')).occurrences).toHaveLength(3);
  });

  it("are seen by lists as late as every other", async () => {
    const { grafeas, list } = await start({ lagMs: 60_000 });
    grafeas.seed("p", BUILD);
    expect(await list('kind="BUILD"')).toEqual({});
  });

  it("change what they say, and nothing else", async () => {
    const { grafeas, list } = await start();
    const { name, createTime } = grafeas.seed("p", DISCOVERY);
    grafeas.amend(name, { discovery: { analysisStatus: "FINISHED_SUCCESS" } });
    expect((await list('kind="DISCOVERY"')).occurrences).toMatchObject([
      { name, createTime, resourceUri, discovery: { analysisStatus: "FINISHED_SUCCESS" } },
    ]);
  });

  it("are refused where they are none", async () => {
    const { grafeas } = await start();
    expect(() => grafeas.seed("p", { noteName: BUILD.noteName, resourceUri })).toThrow(/exactly one kind/);
    expect(() => grafeas.amend("projects/p/occurrences/none", {})).toThrow(/not found/);
  });
});
