import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { answerError, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const PATH = "/v2/team/app/tags/list";
let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry({ backOff: 1 });
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

async function list() {
  return (await registry.list(server.name(""), signal)).tags;
}

/** Serves `pages`, each of which says where the next one is. */
function serve(pages: readonly unknown[], next: (page: number) => string): void {
  server.on(`${PATH}*`, (request, response) => {
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? 0);
    if (page < pages.length - 1) response.setHeader("link", next(page + 1));
    response.end(JSON.stringify(pages[page]));
  });
}

describe("the tags of a repository", () => {
  it("are listed from every page, each once, in the registry's order", async () => {
    serve(
      [{ tags: ["b", "a"] }, { tags: [] }, { tags: ["c", "a"] }],
      (page) => `<${PATH}?page=${page}>; rel="next"`,
    );

    await expect(list()).resolves.toEqual(["b", "a", "c"]);
    expect(server.seen.map(({ path }) => path)).toEqual([
      `${PATH}?n=1000`,
      `${PATH}?page=1`,
      `${PATH}?page=2`,
    ]);
  });

  it.each([
    ["an absolute link", (page: number) => `<http://${server.host}${PATH}?page=${page}>; rel="next"`],
    ["a link without quotes", (page: number) => `<${PATH}?page=${page}>;rel=next`],
    ["a link of only a query", (page: number) => `<?page=${page}>; rel="next"`],
    ["several links", (page: number) => `<${PATH}?page=0>; rel="first", <${PATH}?page=${page}>; rel="next"`],
  ])("go on at %s", async (_, next) => {
    serve([{ tags: ["a"] }, { tags: ["b"] }], next);
    await expect(list()).resolves.toEqual(["a", "b"]);
  });

  it("of another host are not asked for, wherever a link leads", async () => {
    const other = await scriptedRegistry();
    serve(
      [{ tags: ["a"] }, { tags: ["b"] }],
      (page) => `<http://${other.host}${PATH}?page=${page}>; rel="next"`,
    );

    await expect(list()).resolves.toEqual(["a", "b"]);
    expect(other.seen).toHaveLength(0);
    await other.close();
  });

  it.each([
    ["another path", () => `</v2/team/other/tags/list?page=1>; rel="next"`],
    ["the same page", () => `<${PATH}?n=1000>; rel="next"`],
    ["no page at all", () => `<${PATH}>; rel="next"`],
  ])("that go on at %s are refused", async (_, next) => {
    serve([{ tags: ["a"] }, {}], next);
    await expect(list()).rejects.toMatchObject({ code: "malformed" });
  });

  it("are read in time though each page's links are made to be read slowly", async () => {
    const pages = Array.from({ length: 20 }, (_, at) => ({ tags: [`v${at}`] }));
    serve(pages, (page) => `${"<".repeat(15_000)}, <${PATH}?page=${page}>; rel="next"`);
    const start = performance.now();

    await expect(list()).resolves.toHaveLength(20);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it("that never end are refused", async () => {
    server.on(`${PATH}*`, (request, response) => {
      const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? 0);
      response.setHeader("link", `<${PATH}?page=${page + 1}>; rel="next"`).end('{"tags":["a"]}');
    });
    await expect(list()).rejects.toMatchObject({ code: "limit" });
    expect(server.seen.length).toBeLessThan(1100);
  });

  it("are none where the registry says null", async () => {
    serve([{ name: "team/app", tags: null }], () => "");
    await expect(list()).resolves.toEqual([]);
  });

  it.each([
    [{ tags: "a" }],
    [{}],
    [[]],
    [{ tags: [1] }],
    [{ tags: ["../../x"] }],
    [{ tags: ["a@sha256:0"] }],
  ])("are refused where the answer is %j", async (page) => {
    serve([page], () => "");
    await expect(list()).rejects.toMatchObject({ code: "malformed", retryable: false });
  });

  it("are asked for again where the registry is busy, and its error names the repository where it stays so", async () => {
    server.on(`${PATH}*`, (_, response) => answerError(response, 503, "X", "busy"));
    await expect(list()).rejects.toThrow(
      `can't read the tags of ${server.host}/team/app: ${server.host} answered 503 (busy)`,
    );
    expect(server.seen).toHaveLength(4);
  });
});
