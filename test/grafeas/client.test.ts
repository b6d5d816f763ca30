import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createGrafeasClient } from "../../lib/grafeas/client.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, parseCanonical } from "../../lib/image/reference.ts";
import { json, type LocalRequest } from "../../lib/local/server.ts";
import { refusal, restTo, type Step, scripted } from "../google/scripted.ts";

const subjects: readonly Canonical[] = Array.from({ length: 12 }, (_, at) =>
  parseCanonical(`gcr.io/p/app@${digestOf(Buffer.of(at))}`),
);
const some = (count: number) => subjects.slice(0, count);
const uriOf = ({ registry, repository, digest }: Canonical) => `https://${registry}/${repository}@${digest}`;
const first = some(1).map(uriOf)[0] ?? "";

const occurrence = (id: string, more: object = {}) => ({
  name: `projects/p/occurrences/${id}`,
  kind: "ATTESTATION",
  noteName: "projects/p/notes/nobody",
  resourceUri: first,
  ...more,
});
const page = (occurrences: readonly unknown[], nextPageToken?: string) =>
  json(200, { occurrences, nextPageToken });
const unhurried = () => new AbortController().signal;

async function against(...steps: readonly Step[]) {
  const { requests, endpoint } = await scripted(...steps);
  const records: unknown[] = [];
  const observer = { record: (...record: readonly unknown[]) => void records.push(record) };
  return { requests, records, client: createGrafeasClient({ rest: restTo(endpoint), observer }) };
}

describe("listing occurrences", () => {
  it("follows every page, a thousand at a time", async () => {
    const { client, requests } = await against(
      page([occurrence("1")], "two"),
      page([], "three"),
      page([occurrence("2")]),
    );
    const found = await client.list("p", "ATTESTATION", some(1), unhurried());
    expect(found.map(({ name }) => name)).toEqual(["projects/p/occurrences/1", "projects/p/occurrences/2"]);
    expect(requests.map(({ query }) => query.get("pageToken"))).toEqual([null, "two", "three"]);
    expect(requests.every(({ query }) => query.get("pageSize") === "1000")).toBe(true);
    expect(new Set(requests.map(({ query }) => query.get("filter"))).size).toBe(1);
  });

  it("asks for five images at a time", async () => {
    const { client, requests } = await against(json(200, {}));
    await client.list("p", "ATTESTATION", some(9), unhurried());
    expect(requests.map(imagesIn).sort()).toEqual([4, 5]);
  });

  it("asks for an image once however often it is named", async () => {
    const { client, requests } = await against(json(200, {}));
    await client.list("p", "ATTESTATION", [...some(3), ...some(3)], unhurried());
    expect(requests.map(imagesIn)).toEqual([3]);
  });

  it("asks for nothing where there is nothing to ask for", async () => {
    const { client, requests } = await against(json(200, {}));
    expect(await client.list("p", "ATTESTATION", [], unhurried())).toEqual([]);
    expect(requests).toHaveLength(0);
  });

  it("asks for fewer at once where the filter was too long", async () => {
    const short: Step = (request) =>
      imagesIn(request) > 2 ? refusal(400, "INVALID_ARGUMENT") : page([occurrence("1")]);
    const { client, requests } = await against(short);
    const found = await client.list("p", "ATTESTATION", some(5), unhurried());
    expect(requests.map(imagesIn)).toEqual(expect.arrayContaining([5, 3, 2, 2, 1]));
    expect(found.map(({ name }) => name)).toContain("projects/p/occurrences/1");
  });

  it("gives up where even one image is too long", async () => {
    const { client } = await against(refusal(400, "INVALID_ARGUMENT", "filter is invalid"));
    await expect(client.list("p", "ATTESTATION", some(2), unhurried())).rejects.toThrow(/filter is invalid/);
  });

  it("leaves out what a server that ignores filters answers besides", async () => {
    const { client } = await against(
      page([
        occurrence("1"),
        occurrence("2", { kind: "BUILD" }),
        occurrence("3", { resourceUri: `${first}0` }),
        occurrence("4", { resourceUri: first.replace("https://", "http://") }),
        occurrence("5", { resourceUri: first.replace("https://", "") }),
      ]),
    );
    const found = await client.list("p", "ATTESTATION", some(1), unhurried());
    expect(found.map(({ name }) => name.at(-1))).toEqual(["1", "5"]);
  });

  it("passes over one that cannot be read, and says so", async () => {
    const { client, records } = await against(page([null, { name: "odd" }, occurrence("1")]));
    const found = await client.list("p", "ATTESTATION", some(1), unhurried());
    expect(found).toHaveLength(1);
    expect(records).toEqual([
      ["WARNING", "an occurrence cannot be read and is passed over", { occurrence: "" }],
      ["WARNING", "an occurrence cannot be read and is passed over", { occurrence: "odd" }],
    ]);
  });

  it("counts an occurrence once that moved to a later page meanwhile", async () => {
    const { client } = await against(page([occurrence("1")], "two"), page([occurrence("1")]));
    expect(await client.list("p", "ATTESTATION", some(1), unhurried())).toHaveLength(1);
  });

  it("fails where the list itself is broken", async () => {
    const { client } = await against(json(200, { occurrences: "many" }));
    await expect(client.list("p", "ATTESTATION", some(1), unhurried())).rejects.toMatchObject({
      retryable: true,
    });
  });

  it("fails as soon as one of several lists does, and leaves none under way", async () => {
    const { client } = await against(refusal(403, "PERMISSION_DENIED"), async () => {
      await sleep(5000, undefined, { ref: false });
      return json(200, {});
    });
    const began = performance.now();
    await expect(client.list("p", "ATTESTATION", some(12), unhurried())).rejects.toMatchObject({
      code: "forbidden",
    });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it("is not kept by a server that has no last page", async () => {
    const { client, requests } = await against(page([], "more"));
    await expect(client.list("p", "ATTESTATION", some(1), unhurried())).rejects.toMatchObject({
      code: "limit",
    });
    expect(requests).toHaveLength(100);
  });

  it("refuses a project that would change the request's path", async () => {
    const { client, requests } = await against(json(200, {}));
    await expect(client.list("../q", "ATTESTATION", some(1), unhurried())).rejects.toMatchObject({
      code: "config",
    });
    expect(requests).toHaveLength(0);
  });
});

describe("occurrences by name", () => {
  const name = "projects/p/locations/us-central1/occurrences/abc";

  it("are read under the name as it came", async () => {
    const { client, requests } = await against(json(200, occurrence("1", { name })));
    expect((await client.get(name, unhurried())).name).toBe(name);
    expect(requests[0]?.path).toBe(`/v1/${name}`);
  });

  it("are never asked for under a name that is none", async () => {
    const { client, requests } = await against(json(200, {}));
    for (const odd of [
      "projects/p/occurrences/..",
      "projects/p/occurrences/a/../../x",
      "projects/p/notes/n",
      "x?y",
    ]) {
      await expect(client.delete(odd, unhurried())).rejects.toMatchObject({ code: "malformed" });
    }
    expect(requests).toHaveLength(0);
  });

  it("are deleted though the first answer was lost and the second says that they are gone", async () => {
    const { client, requests } = await against("drop", refusal(404, "NOT_FOUND"));
    await client.delete(name, unhurried());
    expect(requests.map(({ method }) => method)).toEqual(["DELETE", "DELETE"]);
  });
});

describe("creating many at once", () => {
  const three = some(3).map((subject) => ({
    note: { project: "p", note: "nobody" },
    resourceUri: uriOf(subject),
    details: { payload: Buffer.of(1), signatures: [] },
  }));

  it("fails where the answer owns up to fewer", async () => {
    const { client } = await against(page([occurrence("1")]));
    await expect(client.batchCreate(three, unhurried())).rejects.toMatchObject({ retryable: true });
  });

  it("names both permissions that it takes", async () => {
    const { client } = await against(refusal(403, "PERMISSION_DENIED"));
    await expect(client.batchCreate(three, unhurried())).rejects.toThrow(
      /occurrences\.create on project p, and containeranalysis\.notes\.attachOccurrence on projects\/p\/notes\/nobody/,
    );
  });
});

/** How many images a list asks for. */
function imagesIn({ query }: LocalRequest): number {
  return new Set(query.get("filter")?.match(/sha256:[0-9a-f]{64}/g)).size;
}
