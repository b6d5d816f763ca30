import { describe, expect, it } from "vitest";
import type { LocalRequest } from "../../lib/local/server.ts";
import { refusal } from "../google/scripted.ts";
import { attestationOf, attestations, CHECKS, image, PROJECT, startStack } from "../store/stack.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const unhurried = () => new AbortController().signal;

/** A request as the message that Google's gateway makes of it: path and query are fields of it, and so is the body. */
function messageOf({ method, path, query, body }: LocalRequest): readonly [type: string, message: unknown] {
  const json: unknown = body.length === 0 ? undefined : JSON.parse(String(body));
  const resource = path.replace(/^\/v1\//, "");
  const parent = resource.replace(/\/occurrences(?::batchCreate)?$/, "");
  if (path.endsWith(":batchCreate"))
    return ["grafeas.v1.BatchCreateOccurrencesRequest", { parent, ...Object(json) }];
  if (path.endsWith("/notes")) {
    const noteId = query.get("noteId");
    return ["grafeas.v1.CreateNoteRequest", { parent: resource.replace(/\/notes$/, ""), noteId, note: json }];
  }
  if (method === "POST") return ["grafeas.v1.CreateOccurrenceRequest", { parent, occurrence: json }];
  if (method === "DELETE") return ["grafeas.v1.DeleteOccurrenceRequest", { name: resource }];
  if (method === "PATCH") {
    const updateMask = query.get("updateMask");
    return ["grafeas.v1.UpdateOccurrenceRequest", { name: resource, occurrence: json, updateMask }];
  }
  if (!path.endsWith("/occurrences")) return ["grafeas.v1.GetOccurrenceRequest", { name: resource }];
  const { pageSize, ...rest } = Object.fromEntries(query);
  return ["grafeas.v1.ListOccurrencesRequest", { parent, pageSize: Number(pageSize), ...rest }];
}

const typesOf = (requests: readonly LocalRequest[]) =>
  requests.map((request) => messageOf(request)[0].split(".")[2]);
const faultsOf = (requests: readonly LocalRequest[]) =>
  requests.flatMap((request) => protoJsonErrors(...messageOf(request)));

describe("what is sent to Container Analysis is valid by Google's own .proto files", () => {
  it("when attestations are listed and stored, one and many", async () => {
    const { store, requests } = await startStack();
    await store.list([image(0)], CHECKS, unhurried());
    await store.put([{ attestation: attestationOf(image(9)) }], unhurried());
    await store.put(
      attestations(3).map((attestation) => ({ attestation })),
      unhurried(),
    );
    expect(typesOf(requests)).toEqual([
      "ListOccurrencesRequest",
      "CreateOccurrenceRequest",
      "BatchCreateOccurrencesRequest",
    ]);
    expect(faultsOf(requests)).toEqual([]);
  });

  it("when a batch fails and its attestations are created one by one", async () => {
    const { store, requests } = await startStack({}, [{ kind: "batch", before: refusal(500, "INTERNAL") }]);
    await store.put(
      attestations(1).map((attestation) => ({ attestation })),
      unhurried(),
    );
    expect(typesOf(requests)).toEqual([
      "BatchCreateOccurrencesRequest",
      "ListOccurrencesRequest",
      "CreateOccurrenceRequest",
      "CreateOccurrenceRequest",
    ]);
    expect(faultsOf(requests)).toEqual([]);
  });

  it("when one is replaced, read and withdrawn", async () => {
    const { store, client, requests } = await startStack({ location: "us" });
    await store.put([{ attestation: attestationOf(image(0), "nobody", "old") }], unhurried());
    const [stored] = await store.list([image(0)], ["nobody"], unhurried());
    if (stored === undefined) throw new Error("nothing was stored");
    await store.put(
      [{ attestation: attestationOf(image(0)), replaces: { stored, keep: stored.signatures } }],
      unhurried(),
    );
    await client.get(stored.id, unhurried());
    await client.delete(stored.id, unhurried());
    expect(typesOf(requests).slice(2)).toEqual([
      "UpdateOccurrenceRequest",
      "GetOccurrenceRequest",
      "DeleteOccurrenceRequest",
    ]);
    expect(faultsOf(requests)).toEqual([]);
  });

  it("when the notes are made that attestations stand under", async () => {
    const { store, requests } = await startStack({ notes: [] });
    await store.prepare(CHECKS, unhurried());
    expect(typesOf(requests)).toEqual(["CreateNoteRequest", "CreateNoteRequest"]);
    expect(faultsOf(requests)).toEqual([]);
  });

  it("and would be told apart from what is not", async () => {
    const body = {
      noteName: `projects/${PROJECT}/notes/nobody`,
      note: "x",
      attestation: { signatures: [{ key: "x" }] },
    };
    const faults = protoJsonErrors("grafeas.v1.Occurrence", body);
    expect(faults).toHaveLength(2);
  });
});
