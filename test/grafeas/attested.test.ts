import { describe, expect, it } from "vitest";
import { createGrafeasClient } from "../../lib/grafeas/client.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, formatReference, parseCanonical } from "../../lib/image/reference.ts";
import { json } from "../../lib/local/server.ts";
import { restTo, type Step, scripted } from "../google/scripted.ts";

const NOTE = { project: "p", note: "nobody" };
const unhurried = () => new AbortController().signal;
const images: readonly Canonical[] = Array.from({ length: 3 }, (_, at) =>
  parseCanonical(`gcr.io/p/app@${digestOf(Buffer.of(at))}`),
);
const [A = "", B = "", C = ""] = images.map(formatReference);

const occurrence = (resourceUri: string, more: object = {}) => ({
  name: `projects/p/occurrences/${resourceUri.slice(-12)}`,
  kind: "ATTESTATION",
  noteName: "projects/p/notes/nobody",
  resourceUri,
  ...more,
});
const page = (occurrences: readonly unknown[], nextPageToken?: string) =>
  json(200, { occurrences, nextPageToken });

async function against(...steps: readonly Step[]) {
  const { requests, endpoint } = await scripted(...steps);
  const records: unknown[] = [];
  const observer = { record: (...record: readonly unknown[]) => void records.push(record) };
  const client = createGrafeasClient({ rest: restTo(endpoint), observer });
  const list = async () =>
    (await client.attested(NOTE, unhurried())).map(({ image, since }) => [formatReference(image), since]);
  return { requests, records, list };
}

describe("the images that are attested under a note", () => {
  it("are listed from every page, by one filter that names no image", async () => {
    const { list, requests } = await against(
      page([occurrence(`https://${A}`)], "two"),
      page([occurrence(B), occurrence(`https://${C}`)]),
    );

    expect((await list()).map(([image]) => image)).toEqual([A, B, C]);
    expect(requests.map(({ query }) => query.get("pageToken"))).toEqual([null, "two"]);
    expect(requests[0]?.query.get("filter")).toBe(
      '(kind="ATTESTATION") AND (noteProjectId="p") AND (noteId="nobody")',
    );
  });

  it("come with when they were attested, or attested anew", async () => {
    const createTime = "2026-01-01T00:00:00Z";
    const { list } = await against(
      page([
        occurrence(A, { createTime }),
        occurrence(B, { createTime, updateTime: "2026-02-01T00:00:00Z" }),
        occurrence(C),
      ]),
    );

    expect(await list()).toEqual([
      [A, new Date(createTime)],
      [B, new Date("2026-02-01T00:00:00Z")],
      [C, undefined],
    ]);
  });

  it("are listed once, however many attestations each has, with the latest time", async () => {
    const at = (createTime: string | undefined, id: string) => ({
      ...occurrence(A, createTime === undefined ? {} : { createTime }),
      name: `projects/p/occurrences/${id}`,
    });
    const { list } = await against(
      page([at("2026-01-01T00:00:00Z", "1"), at("2026-03-01T00:00:00Z", "2"), at(undefined, "3")]),
    );

    expect(await list()).toEqual([[A, new Date("2026-03-01T00:00:00Z")]]);
  });

  it("are not those of other notes, projects and kinds, though the server filters nothing", async () => {
    const { list, records } = await against(
      page([
        occurrence(A, { noteName: "projects/p/notes/diy" }),
        occurrence(B, { noteName: "projects/q/notes/nobody" }),
        occurrence(C, { kind: "BUILD" }),
      ]),
    );

    expect(await list()).toEqual([]);
    expect(records).toEqual([]);
  });

  it.each([
    ["an occurrence that cannot be read", { name: "projects/p/occurrences/1" }],
    ["an attestation of no image", occurrence("gs://bucket/object")],
    ["no object at all", 7],
  ])("leave out %s, and say so", async (_, document) => {
    const { list, records } = await against(page([document, occurrence(A)]));

    expect((await list()).map(([image]) => image)).toEqual([A]);
    expect(records).toHaveLength(1);
  });

  it("are refused where the list has no end", async () => {
    const { list, requests } = await against(page([], "again"));

    await expect(list()).rejects.toMatchObject({ code: "limit" });
    expect(requests.length).toBeLessThanOrEqual(1000);
  });
});
