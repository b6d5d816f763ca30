import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { canonical, parseReference } from "../../lib/image/reference.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import type { Answer, Before } from "../../lib/local/server.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { answerError, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const BLOB = Buffer.from("a blob");
const MANIFEST = {
  bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST })),
  mediaType: OCI_MANIFEST,
};
const DIGEST = digestOf(MANIFEST.bytes);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

function open(options: RegistryOptions = {}): Registry["documents"] {
  const registry = createRegistry({ backOff: 1, ...options });
  closing.push(() => registry.close());
  return registry.documents;
}

async function embedded(before?: Before): Promise<LocalRegistry> {
  const registry = await startRegistry(before === undefined ? {} : { before });
  closing.push(() => registry.close());
  return registry;
}

describe("a blob", () => {
  it("is put with two requests, and is there then", async () => {
    const registry = await embedded();
    const to = parseReference(`${registry.host}/team/app`);
    await open().putBlob(to, BLOB, signal);
    expect(registry.traffic.requests.map(({ method }) => method)).toEqual(["POST", "PUT"]);
    expect((await fetch(`${registry.url}/v2/team/app/blobs/${digestOf(BLOB)}`)).status).toBe(200);
  });

  it("that others put there as well is put once, and looked for once", async () => {
    const registry = await embedded();
    const to = parseReference(`${registry.host}/team/app`);
    const documents = open();
    await Promise.all([documents.shareBlob(to, BLOB, signal), documents.shareBlob(to, BLOB, signal)]);
    await documents.shareBlob(to, BLOB, signal);
    expect(registry.traffic.requests.map(({ method }) => method)).toEqual(["HEAD", "POST", "PUT"]);
    registry.traffic.reset();
    await open().shareBlob(to, BLOB, signal);
    expect(registry.traffic.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  it("is there where the registry says that it is kept elsewhere, and is not looked for there", async () => {
    const elsewhere = { status: 307, headers: { location: "https://store.example/blob" } };
    const registry = await embedded(({ method }) => (method === "HEAD" ? elsewhere : undefined));
    await open().shareBlob(parseReference(`${registry.host}/team/app`), BLOB, signal);
    expect(registry.traffic.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  it("is mounted from another repository of the registry where it is known to be", async () => {
    const registry = await embedded();
    const documents = open();
    await documents.shareBlob(parseReference(`${registry.host}/team/one`), BLOB, signal);
    registry.traffic.reset();
    await documents.shareBlob(parseReference(`${registry.host}/team/two`), BLOB, signal);
    expect(registry.traffic.requests.map(({ method }) => method)).toEqual(["HEAD", "POST"]);
    expect((await fetch(`${registry.url}/v2/team/two/blobs/${digestOf(BLOB)}`)).status).toBe(200);
  });

  it("is uploaded where the registry does not let it be mounted", async () => {
    const registry = await embedded(({ query }) =>
      query.has("mount") ? { status: 403, body: "{}" } : undefined,
    );
    const documents = open();
    await documents.shareBlob(parseReference(`${registry.host}/team/one`), BLOB, signal);
    await documents.shareBlob(parseReference(`${registry.host}/team/two`), BLOB, signal);
    expect((await fetch(`${registry.url}/v2/team/two/blobs/${digestOf(BLOB)}`)).status).toBe(200);
  });

  it("is there where its answer was lost after it arrived", async () => {
    let isFirst = true;
    const registry: LocalRegistry = await embedded(async ({ method, path, query, body }) => {
      if (method !== "PUT" || !isFirst) return undefined;
      isFirst = false;
      await fetch(`${registry.url}${path}?${query}`, { method, body: new Uint8Array(body) });
      return "drop";
    });
    await open().putBlob(parseReference(`${registry.host}/team/app`), BLOB, signal);
    expect((await fetch(`${registry.url}/v2/team/app/blobs/${digestOf(BLOB)}`)).status).toBe(200);
  });
});

describe("a manifest", () => {
  const BUSY: Answer = { status: 503, body: "{}", headers: { "retry-after": "0" } };

  it("is put by digest and by tag, and found and taken away again", async () => {
    const registry = await embedded();
    const documents = open();
    const at = canonical(parseReference(`${registry.host}/team/app`), DIGEST);
    expect(await documents.hasManifest(at, signal)).toBe(false);
    await documents.putManifest(at, MANIFEST, signal);
    expect(await documents.hasManifest(at, signal)).toBe(true);
    await documents.deleteManifest(at, signal);
    await documents.deleteManifest(at, signal);
    expect(await documents.hasManifest(at, signal)).toBe(false);
  });

  it("is put again where the registry cannot serve for a while", async () => {
    let failures = 2;
    const registry = await embedded(({ method }) => {
      if (method !== "PUT" || failures === 0) return undefined;
      failures -= 1;
      return BUSY;
    });
    const at = parseReference(`${registry.host}/team/app:v1`);
    await open().putManifest(at, MANIFEST, signal);
    expect(registry.traffic.count({ method: "PUT" })).toBe(3);
  });

  it("is put under a tag only over the state that was read", async () => {
    const registry = await embedded();
    const documents = open();
    const at = parseReference(`${registry.host}/team/app:v1`);
    const other = { ...MANIFEST, bytes: Buffer.from('{"schemaVersion":2,"annotations":{}}') };
    await documents.putManifest(at, MANIFEST, signal, { ifNoneMatch: "*" });
    const { etag = "" } = (await documents.tagged(at, signal)) ?? {};
    for (const condition of [{ ifNoneMatch: "*" as const }, { ifMatch: '"other"' }]) {
      await expect(documents.putManifest(at, other, signal, condition)).rejects.toMatchObject({
        code: "conflict",
        retryable: false,
      });
    }
    await documents.putManifest(at, other, signal, { ifMatch: etag });
    expect((await documents.tagged(at, signal))?.digest).toBe(digestOf(other.bytes));
  });

  it("says what went wrong, where, and what to do", async () => {
    const registry = await embedded(({ method }) =>
      method === "GET" || method === "HEAD" ? undefined : { status: 403, body: "{}" },
    );
    const at = canonical(parseReference(`${registry.host}/team/app`), DIGEST);
    const name = `${registry.host}/team/app@${DIGEST}`;
    await expect(open().putManifest(at, MANIFEST, signal)).rejects.toThrow(
      `can't write to ${name}: ${registry.host} answered 403; sign in (docker login ${registry.host}) with an account that may write to it`,
    );
    await expect(open().deleteManifest(at, signal)).rejects.toThrow("an account that may delete from it");
  });
});

describe("signing in to write", () => {
  let server: ScriptedRegistry;
  let asked: string[][];

  beforeEach(async () => {
    server = await scriptedRegistry();
    closing.push(() => server.close());
    asked = [];
    server.on("/token*", (request, response) => {
      const scopes = new URL(request.url ?? "", "http://x").searchParams.getAll("scope");
      asked.push(scopes);
      response.end(JSON.stringify({ token: Buffer.from(scopes.join(" ")).toString("base64url") }));
    });
  });

  /** A registry that wants a token for just what is done, and names that in its challenge if `names`. */
  function guard(names: boolean): void {
    server.on("/v2/*", (request, response) => {
      const access = { GET: "pull", HEAD: "pull", DELETE: "delete" }[request.method ?? ""] ?? "pull,push";
      const scope = `repository:team/app:${access}`;
      const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
      if (Buffer.from(token, "base64url").toString() === scope) return answer(request.method ?? "", response);
      const challenge = `Bearer realm="http://${server.host}/token",service="s"`;
      response.setHeader("www-authenticate", names ? `${challenge},scope="${scope}"` : challenge);
      answerError(response, 401, "UNAUTHORIZED", "sign in");
    });
  }

  function answer(method: string, response: ServerResponse): void {
    const status = { POST: 202, PUT: 201, DELETE: 202 }[method] ?? 404;
    response.writeHead(status, method === "POST" ? { location: "/v2/team/app/blobs/uploads/1" } : {});
    response.end();
  }

  it.each([true, false])(
    "asks for push only where it writes, for delete only where something goes",
    async (names) => {
      guard(names);
      const documents = open();
      const at = canonical(server.name(""), DIGEST);
      expect(await documents.hasManifest(at, signal)).toBe(false);
      expect(asked).toEqual([["repository:team/app:pull"]]);

      await documents.putBlob(at, BLOB, signal);
      await documents.putManifest(at, MANIFEST, signal);
      await documents.deleteManifest(at, signal);
      await documents.hasManifest(at, signal);
      expect(asked).toEqual([
        ["repository:team/app:pull"],
        ["repository:team/app:pull,push"],
        ["repository:team/app:delete"],
      ]);
    },
  );
});

describe("an address that a registry sends an upload to", () => {
  let server: ScriptedRegistry;
  const PASSWORD = { username: "user", password: "secret word" };

  beforeEach(async () => {
    server = await scriptedRegistry(selfSigned(["registry.example", "store.example", "localhost"]));
    closing.push(() => server.close());
  });

  /** What was sent where an upload begins, and where it then goes on. */
  async function upload(location: string) {
    const sent: { host: string; authorization: string | undefined; hash: string }[] = [];
    server.on("/*", (request, response) => {
      const hash = createHash("sha256");
      request.on("data", (chunk) => hash.update(chunk));
      request.on("end", () => {
        const { host = "", authorization } = request.headers;
        if (host === "registry.example" && authorization === undefined) {
          response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
          return;
        }
        sent.push({ host, authorization, hash: hash.digest("hex") });
        response.writeHead(request.method === "POST" ? 202 : 201, { location }).end();
      });
    });
    const names = { "registry.example": server, "store.example": server };
    const documents = open({ credentials: async () => PASSWORD, connect: connectTo(names) });
    await documents.putBlob(parseReference("registry.example/team/app"), BLOB, signal);
    return sent;
  }

  it("gets what is uploaded, and the credentials where it is the registry's own", async () => {
    const sent = await upload("/v2/team/app/blobs/uploads/1?state=x");
    expect(sent.map(({ host }) => host)).toEqual(["registry.example", "registry.example"]);
    expect(sent[1]?.authorization).toBe(sent[0]?.authorization);
    expect(`sha256:${sent[1]?.hash}`).toBe(digestOf(BLOB));
  });

  it("gets no credentials where it is another's", async () => {
    const [, there] = await upload("https://store.example/uploads/1");
    expect(there).toMatchObject({ host: "store.example", authorization: undefined });
    expect(`sha256:${there?.hash}`).toBe(digestOf(BLOB));
  });

  it.each([
    ["is not encrypted", "http://store.example/uploads/1"],
    ["holds credentials", "https://a:b@store.example/uploads/1"],
    ["is no web address", "ftp://store.example/uploads/1"],
    ["leads inside", "https://127.0.0.1/uploads/1"],
  ])("gets nothing where it %s", async (_, location) => {
    await expect(upload(location)).rejects.toMatchObject({ code: "refused", retryable: false });
  });

  it("is not followed further", async () => {
    server.on("/*", (request, response) => {
      const location = request.method === "POST" ? "/v2/team/app/blobs/uploads/1" : "https://store.example/x";
      response.writeHead(request.method === "POST" ? 202 : 307, { location }).end();
    });
    const documents = open({ connect: connectTo({ "registry.example": server, "store.example": server }) });
    const to = parseReference("registry.example/team/app");
    await expect(documents.putBlob(to, BLOB, signal)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("redirects what is to be written"),
    });
  });
});
