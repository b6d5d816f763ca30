import { describe, expect, it } from "vitest";
import { listPages } from "../../lib/grafeas/pages.ts";
import { openSourcePurpose } from "../../lib/grafeas/purpose.ts";
import { json, type LocalRequest } from "../../lib/local/server.ts";
import { restTo, type Step, scripted } from "../google/scripted.ts";

const LARGEST = 10_000;

async function pagesOf(step: Step, { filter, mostPages = 5 }: { filter?: string; mostPages?: number } = {}) {
  const { requests, endpoint } = await scripted(step);
  const rest = restTo(endpoint, { largestBody: LARGEST });
  const purpose = openSourcePurpose("list everything");
  const signal = new AbortController().signal;
  const pages = listPages({ rest, path: "/v1/projects/p/occurrences", purpose, filter, mostPages, signal });
  return { requests, documents: collect(pages) };
}

async function collect(pages: AsyncIterable<readonly unknown[]>): Promise<readonly unknown[]> {
  const documents: unknown[] = [];
  for await (const page of pages) documents.push(...page);
  return documents;
}

/** Serves `total` numbered documents of `size` bytes, however many a page is asked for. */
function serve(total: number, size: number): (request: LocalRequest) => ReturnType<typeof json> {
  return ({ query }) => {
    const from = Number(query.get("pageToken") ?? 0);
    const to = Math.min(from + Number(query.get("pageSize")), total);
    const occurrences = Array.from({ length: to - from }, (_, at) => ({
      at: from + at,
      text: "x".repeat(size),
    }));
    return json(200, { occurrences, nextPageToken: to < total ? String(to) : "" });
  };
}

describe("the pages of a list", () => {
  it("are followed to the last, a thousand documents each", async () => {
    const { requests, documents } = await pagesOf(({ query }) =>
      json(200, query.has("pageToken") ? { occurrences: [2] } : { occurrences: [1], nextPageToken: "two" }),
    );
    expect(await documents).toEqual([1, 2]);
    expect(requests.map(({ query }) => [query.get("pageToken"), query.get("pageSize")])).toEqual([
      [null, "1000"],
      ["two", "1000"],
    ]);
  });

  it("are asked for without a filter where there is none, and with it where there is", async () => {
    const without = await pagesOf(serve(1, 1));
    const withOne = await pagesOf(serve(1, 1), { filter: 'kind="BUILD"' });
    await Promise.all([without.documents, withOne.documents]);
    expect(without.requests[0]?.query.has("filter")).toBe(false);
    expect(withOne.requests[0]?.query.get("filter")).toBe('kind="BUILD"');
  });

  it("are asked for in smaller ones where one was too large to be read, and nothing is missed", async () => {
    const { requests, documents } = await pagesOf(serve(300, 100), { mostPages: 20 });
    expect((await documents).map((document) => Object(document).at)).toEqual(
      Array.from({ length: 300 }, (_, at) => at),
    );
    const sizes = requests.map(({ query }) => Number(query.get("pageSize")));
    expect(sizes).toEqual([1000, 250, 62, 62, 62, 62, 62]);
  });

  it("fail where even the smallest is too large", async () => {
    const { requests, documents } = await pagesOf(serve(300, LARGEST));
    await expect(documents).rejects.toMatchObject({ code: "limit", retryable: false });
    expect(requests.map(({ query }) => query.get("pageSize"))).toEqual(["1000", "250", "62", "15"]);
  });

  it("end with an error where a server has no last one", async () => {
    const { requests, documents } = await pagesOf(json(200, { nextPageToken: "more" }));
    await expect(documents).rejects.toMatchObject({
      code: "limit",
      message: "Grafeas was to list everything and had no end after 5 pages",
    });
    expect(requests).toHaveLength(5);
  });

  it("are a passing fault where the answer is no page", async () => {
    const { documents } = await pagesOf(json(200, { occurrences: {} }));
    await expect(documents).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });
});
