import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { canonical } from "../../lib/image/reference.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { answerError, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const TYPE = "application/vnd.example";
const SUBJECT = digestOf(Buffer.from("subject"));
let server: ScriptedRegistry;
const registries: Registry[] = [];

beforeEach(async () => {
  server = await scriptedRegistry();
});

afterEach(async () => {
  await Promise.all(registries.splice(0).map((one) => one.close()));
  await server.close();
});

function list(options: RegistryOptions = {}) {
  const registry = createRegistry({ backOff: 1, ...options });
  registries.push(registry);
  return registry.documents.referrers(canonical(server.name(""), SUBJECT), TYPE, signal);
}

function entry(name: string, more: object = {}) {
  return {
    mediaType: OCI_MANIFEST,
    digest: digestOf(Buffer.from(name)),
    size: 3,
    artifactType: TYPE,
    ...more,
  };
}

/** Serves these pages, one after the other, each of which links to the next. */
function serve(...pages: readonly (readonly unknown[])[]): void {
  server.on("/v2/team/app/referrers/*", (request, response) => {
    const at = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? 0);
    response.setHeader("content-type", OCI_INDEX);
    if (at + 1 < pages.length)
      response.setHeader("link", `</v2/team/app/referrers/${SUBJECT}?page=${at + 1}>; rel="next"`);
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: pages[at] }));
  });
}

describe("the list of referrers", () => {
  it("is asked for by type, and reads every page", async () => {
    serve([entry("a")], [entry("b", { annotations: { x: "y" } })], [entry("a")]);
    const found = await list();
    expect(found?.map(({ digest }) => digest)).toEqual(["a", "b"].map((name) => digestOf(Buffer.from(name))));
    expect(found?.[1]?.annotations).toEqual({ x: "y" });
    expect(server.seen[0]).toMatchObject({
      path: `/v2/team/app/referrers/${SUBJECT}?artifactType=application%2Fvnd.example`,
      headers: { accept: OCI_INDEX },
    });
  });

  it("leaves out other types, where the registry does not", async () => {
    serve([entry("a", { artifactType: "other" }), entry("b")]);
    expect(await list()).toHaveLength(1);
  });

  it("passes over entries that are none, whoever put them there", async () => {
    serve([null, "text", entry("a", { digest: "md5:abc" }), entry("b", { size: -1 }), entry("c")]);
    expect((await list())?.map(({ digest }) => digest)).toEqual([digestOf(Buffer.from("c"))]);
  });

  it.each([400, 404, 405, 406, 501])("is unknown to a registry that answers %i", async (status) => {
    server.on("/v2/team/app/referrers/*", (_, response) =>
      answerError(response, status, "UNSUPPORTED", "no"),
    );
    expect(await list()).toBeUndefined();
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [503, "unavailable"],
  ])("is not taken for unknown where the answer is %i", async (status, code) => {
    server.on("/v2/team/app/referrers/*", (_, response) => answerError(response, status, "X", "no"));
    await expect(list()).rejects.toMatchObject({
      code,
      message: expect.stringContaining("the referrers of"),
    });
  });

  it("ends at the limit of one review's documents", async () => {
    serve(Array.from({ length: 11 }, (_, at) => entry(String(at))));
    await expect(list({ limits: { documents: 10 } })).rejects.toMatchObject({
      code: "limit",
      message: expect.stringContaining("limits.documents"),
    });
  });

  it("ends at the limit of a document's bytes", async () => {
    serve([entry("a", { annotations: { x: "y".repeat(2000) } })]);
    await expect(list({ limits: { manifestBytes: 1000 } })).rejects.toMatchObject({ code: "limit" });
  });

  it("ends where there is no end of pages", async () => {
    server.on("/v2/team/app/referrers/*", (request, response) => {
      const at = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? 0);
      response.setHeader("link", `<?page=${at + 1}>; rel="next"`);
      response.end('{"schemaVersion":2,"manifests":[]}');
    });
    await expect(list()).rejects.toMatchObject({ code: "limit" });
    expect(server.seen.length).toBeLessThan(100);
  });

  it("is refused where it is no index, or goes on elsewhere", async () => {
    server.on("/v2/team/app/referrers/*", (_, response) => response.end("[]"));
    await expect(list()).rejects.toMatchObject({ code: "malformed" });
    server.on("/v2/team/app/referrers/*", (_, response) => {
      response.setHeader("link", '</v2/other/app/referrers/x?page=1>; rel="next"');
      response.end('{"schemaVersion":2,"manifests":[]}');
    });
    await expect(list()).rejects.toMatchObject({ code: "malformed" });
  });
});
