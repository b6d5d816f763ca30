import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const ATTESTATION = {
  noteName: "projects/p/notes/diy",
  resourceUri: "https://gcr.io/p/app@sha256:a",
  kind: "ATTESTATION",
  attestation: {
    serializedPayload: "aGVsbG8",
    signatures: [{ signature: "-_-_", publicKeyId: "ni:///sha-256;x" }],
  },
};
const DISCOVERY = {
  noteName: "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
  resourceUri: "https://gcr.io/p/app@sha256:a",
  discovery: { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" },
};

let grafeas: LocalGrafeas;
beforeEach(async () => {
  grafeas = await startGrafeas({ notes: ["projects/p/notes/diy"] });
});
afterEach(() => grafeas.close());

/** What one answer or another has. */
interface Reply {
  readonly name: string;
  readonly occurrences: readonly unknown[];
  readonly nextPageToken: string;
}

async function ask(method: string, path: string, body?: unknown) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${grafeas.url}/v1/${path}`, { method, ...sent });
  expect(response.status).toBe(200);
  return (await response.json()) as Reply;
}

describe("what the embedded Grafeas answers is a message of Google's schema", () => {
  it("for a note that is created, read and listed", async () => {
    const note = { discovery: { analysisKind: "VULNERABILITY" }, shortDescription: "scans" };
    const created = await ask("POST", "projects/goog-analysis/notes?noteId=PACKAGE_VULNERABILITY", note);

    expect(protoJsonErrors("grafeas.v1.Note", created)).toEqual([]);
    expect(protoJsonErrors("grafeas.v1.Note", await ask("GET", "projects/p/notes/diy"))).toEqual([]);
    expect(protoJsonErrors("grafeas.v1.ListNotesResponse", await ask("GET", "projects/p/notes"))).toEqual([]);
  });

  it("for an occurrence that is created, read, patched and deleted", async () => {
    const created = await ask("POST", "projects/p/occurrences", ATTESTATION);
    const read = await ask("GET", created.name);
    const patched = await ask("PATCH", `${created.name}?updateMask=attestation`, ATTESTATION);
    const deleted = await ask("DELETE", created.name);

    for (const answer of [created, read, patched])
      expect(protoJsonErrors("grafeas.v1.Occurrence", answer)).toEqual([]);
    expect(protoJsonErrors("google.protobuf.Empty", deleted)).toEqual([]);
  });

  it("for a batch, and for a list with another page and without", async () => {
    await ask("POST", "projects/goog-analysis/notes?noteId=PACKAGE_VULNERABILITY", { discovery: {} });
    const batch = await ask("POST", "projects/p/occurrences:batchCreate", {
      occurrences: [ATTESTATION, DISCOVERY],
    });
    const page = await ask("GET", "projects/p/occurrences?pageSize=1");
    const rest = await ask("GET", `projects/p/occurrences?pageSize=1&pageToken=${page.nextPageToken}`);
    const ofNote = await ask("GET", "projects/p/notes/diy/occurrences");

    expect(protoJsonErrors("grafeas.v1.BatchCreateOccurrencesResponse", batch)).toEqual([]);
    for (const answer of [page, rest, await ask("GET", "projects/none/occurrences")]) {
      expect(protoJsonErrors("grafeas.v1.ListOccurrencesResponse", answer)).toEqual([]);
    }
    expect(protoJsonErrors("grafeas.v1.ListNoteOccurrencesResponse", ofNote)).toEqual([]);
    expect([batch.occurrences.length, page.occurrences.length, rest.occurrences.length]).toEqual([2, 1, 1]);
  });
});

describe("the check against Google's schema", () => {
  it.each([
    ["an unknown field", { reason: "x" }, "grafeas.v1.Occurrence.reason is no field of Occurrence"],
    [
      "the name of a field in snake case",
      { note_name: "x" },
      "grafeas.v1.Occurrence.note_name is no field of Occurrence",
    ],
    ["an enum by number", { kind: 7 }, "grafeas.v1.Occurrence.kind is no name of NoteKind"],
    ["an enum's unknown name", { kind: "toString" }, "grafeas.v1.Occurrence.kind is no name of NoteKind"],
    ["a null", { remediation: null }, "grafeas.v1.Occurrence.remediation is no string"],
    [
      "a time without a zone",
      { createTime: "2026-01-01T00:00:00" },
      "grafeas.v1.Occurrence.createTime is no google.protobuf.Timestamp",
    ],
    [
      "URL-safe base64",
      { attestation: { serializedPayload: "-_-_" } },
      "grafeas.v1.Occurrence.attestation.serializedPayload is no bytes",
    ],
    [
      "base64 without padding",
      { envelope: { payload: "aGk" } },
      "grafeas.v1.Occurrence.envelope.payload is no bytes",
    ],
    [
      "an object for a list",
      { attestation: { signatures: {} } },
      "grafeas.v1.Occurrence.attestation.signatures is no array",
    ],
    [
      "a number as text",
      { vulnerability: { cvssScore: "7.5" } },
      "grafeas.v1.Occurrence.vulnerability.cvssScore is no float",
    ],
    [
      "two of one kind",
      { build: {}, image: {} },
      "grafeas.v1.Occurrence has build and image, of which only one may be there",
    ],
    ["a text for a message", { build: "x" }, "grafeas.v1.Occurrence.build is no object"],
  ])("finds %s", (_what, json, error) => {
    expect(protoJsonErrors("grafeas.v1.Occurrence", json)).toEqual([error]);
  });

  it("finds 64-bit integers that are no text, and faults in maps", () => {
    const builder = { recipe: { definedInMaterial: 7 } };
    const git = { sourceProvenance: { fileHashes: { "a.c": { fileHash: [{ value: 1 }] } } } };

    expect(protoJsonErrors("grafeas.v1.InTotoProvenance", builder)).toEqual([
      "grafeas.v1.InTotoProvenance.recipe.definedInMaterial is no int64",
    ]);
    expect(protoJsonErrors("grafeas.v1.BuildProvenance", git)).toEqual([
      'grafeas.v1.BuildProvenance.sourceProvenance.fileHashes["a.c"].fileHash[0].value is no bytes',
    ]);
  });
});
