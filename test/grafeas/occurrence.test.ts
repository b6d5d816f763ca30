import { describe, expect, it } from "vitest";
import { attestationBody, attestationPatch, parseOccurrence } from "../../lib/grafeas/occurrence.ts";

const resourceUri = "https://gcr.io/p/app@sha256:1";
const note = { project: "p", note: "nobody" };
const payload = Uint8Array.of(0xfb, 0xff, 0xfe, 1);
const signature = { bytes: Uint8Array.of(0xff, 0xef), keyId: "ni:///sha-256;x" };
const answered = (more: object = {}) => ({
  name: "projects/p/occurrences/1",
  kind: "ATTESTATION",
  noteName: "projects/p/notes/nobody",
  resourceUri: "https://gcr.io/p/app@sha256:1",
  createTime: "2026-11-25T10:00:00.123456789Z",
  attestation: {
    serializedPayload: "+//+AQ==",
    signatures: [{ signature: "/+8=", publicKeyId: "ni:///sha-256;x" }],
  },
  ...more,
});

describe("an attestation occurrence", () => {
  it("is written as Grafeas v1 wants it", () => {
    const body = attestationBody({ note, resourceUri, details: { payload, signatures: [signature] } });
    expect(body).toEqual({
      noteName: "projects/p/notes/nobody",
      resourceUri: "https://gcr.io/p/app@sha256:1",
      kind: "ATTESTATION",
      attestation: answered().attestation,
    });
  });

  it("is replaced by what it holds alone", () => {
    expect(
      Object.keys(attestationPatch({ note, resourceUri, details: { payload, signatures: [signature] } })),
    ).toEqual(["noteName", "kind", "attestation"]);
  });

  it("is read with its bytes and its time", () => {
    const occurrence = parseOccurrence(answered());
    expect(occurrence).toMatchObject({ name: "projects/p/occurrences/1", kind: "ATTESTATION", note });
    expect(occurrence?.createdAt?.toISOString()).toBe("2026-11-25T10:00:00.123Z");
    expect(occurrence?.attestation?.payload).toEqual(Buffer.from(payload));
    expect(occurrence?.attestation?.signatures).toEqual([
      { ...signature, bytes: Buffer.from(signature.bytes) },
    ]);
  });

  it("is read from URL-safe base64 without padding, as proto JSON allows", () => {
    const attestation = { serializedPayload: "-__-AQ", signatures: [{ signature: "_-8", publicKeyId: "k" }] };
    const occurrence = parseOccurrence(answered({ attestation }));
    expect(occurrence?.attestation?.payload).toEqual(Buffer.from(payload));
    expect(occurrence?.attestation?.signatures[0]?.bytes).toEqual(Buffer.from(signature.bytes));
  });

  it.each([
    ["no attestation", { attestation: undefined }, undefined],
    ["an empty one", { attestation: {} }, { payload: Buffer.alloc(0), signatures: [] }],
    [
      "a signature without key id",
      { attestation: { serializedPayload: "AA==", signatures: [{ signature: "AA==" }] } },
      { payload: Buffer.of(0), signatures: [{ bytes: Buffer.of(0), keyId: "" }] },
    ],
  ])("is read also where it has %s, since it stands in the way of another", (_, more, expected) => {
    expect(parseOccurrence(answered(more))?.attestation).toEqual(expected);
  });

  it("keeps its name as it came, location included", () => {
    const name = "projects/p/locations/us-central1/occurrences/abc";
    expect(parseOccurrence(answered({ name }))?.name).toBe(name);
  });

  it("has no time where that is unreadable", () => {
    expect(parseOccurrence(answered({ createTime: "yesterday" }))).not.toHaveProperty("createdAt");
  });

  it.each([
    ["no object", { kind: 1 }],
    ["no name", { name: undefined }],
    ["a name that leads elsewhere", { name: "projects/p/occurrences/../notes/n" }],
    ["a name with a query", { name: "projects/p/occurrences/1?x=" }],
    ["a name of something else", { name: "projects/p/notes/1" }],
    ["a name with steps upwards", { name: "projects/../occurrences/1" }],
    ["a note that is none", { noteName: "nobody" }],
    ["no resource", { resourceUri: undefined }],
    ["a payload that is not base64", { attestation: { serializedPayload: "a b" } }],
    ["signatures that are no list", { attestation: { signatures: {} } }],
  ])("is no occurrence: %s", (_, more) => {
    expect(parseOccurrence(answered(more))).toBeUndefined();
  });

  it.each([undefined, null, 1, "x", []])("is no occurrence: %j", (document) => {
    expect(parseOccurrence(document)).toBeUndefined();
  });
});
