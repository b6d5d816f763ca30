import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "../../lib/image/reference.ts";
import type { Connect } from "../../lib/registry/connector.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { type Listing, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const certificate = selfSigned(["registry.example", "storage.example"]);
const registries: Registry[] = [];
let server: ScriptedRegistry;
let storage: ScriptedRegistry;
let image: Listing;

beforeEach(async () => {
  server = await scriptedRegistry();
  storage = await scriptedRegistry();
  image = server.image({ os: "linux", architecture: "amd64" });
  storage.image({ os: "linux", architecture: "amd64" });
});

afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()));
  await Promise.all([server.close(), storage.close()]);
});

function open(options: RegistryOptions = {}): Registry {
  const registry = createRegistry({
    backOff: 1,
    credentials: async () => ({ username: "u", password: "p" }),
    ...options,
  });
  registries.push(registry);
  return registry;
}

function resolve(options: RegistryOptions = {}) {
  return open(options).resolve(server.name(`@${image.digest}`), signal);
}

/** Redirects what `from` is asked for its manifests to. */
function redirect(from: ScriptedRegistry, to: (path: string) => string, status = 307): void {
  from.on("/v2/team/app/manifests/*", (request, response) => {
    response.writeHead(status, { location: to(request.url ?? "") }).end();
  });
}

/** Makes `from` ask for a sign-in, and serve who signed in. */
function guard(from: ScriptedRegistry, then: (path: string) => string): void {
  from.on("/v2/team/app/manifests/*", (request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
    else response.writeHead(307, { location: then(request.url ?? "") }).end();
  });
}

function authorizations(of: ScriptedRegistry): (string | undefined)[] {
  return of.seen
    .filter(({ path }) => path.includes("/manifests/"))
    .map(({ headers }) => headers.authorization);
}

/** A registry with a public name, whose storage has another. */
async function publicRegistry() {
  const [registry, store] = [await scriptedRegistry(certificate), await scriptedRegistry(certificate)];
  const { digest } = registry.image({ os: "linux", architecture: "amd64" });
  store.image({ os: "linux", architecture: "amd64" });
  const connect: Connect = connectTo({ "registry.example": registry, "storage.example": store });
  return {
    registry,
    store,
    resolve: (options: RegistryOptions = {}) =>
      open({ connect, ...options }).resolve(parseReference(`registry.example/team/app@${digest}`), signal),
    async [Symbol.asyncDispose]() {
      await Promise.all([registry.close(), store.close()]);
    },
  };
}

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("with status %d is followed", async (status) => {
    redirect(server, (path) => `http://${storage.host}${path}`, status);
    await expect(resolve()).resolves.toMatchObject({ kind: "image" });
    expect(storage.seen).toHaveLength(1);
  });

  it("may be relative", async () => {
    redirect(server, (path) =>
      path.includes("?") ? "/gone" : `${path.replace("/manifests/", "/elsewhere/")}`,
    );
    server.on("/v2/team/app/elsewhere/*", (request, response) => {
      request.url = request.url?.replace("/elsewhere/", "/manifests/");
      server.serve(request, response);
    });
    await expect(resolve()).resolves.toMatchObject({ kind: "image" });
  });

  it("to another port loses the credentials", async () => {
    guard(server, (path) => `http://${storage.host}${path}`);
    await resolve();
    expect(authorizations(server)).toEqual([undefined, "Basic dTpw"]);
    expect(authorizations(storage)).toEqual([undefined]);
  });

  it("of a blob, to where registries keep them, loses the credentials too", async () => {
    server.on("/v2/*", (request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (request.url?.includes("/blobs/"))
        response.writeHead(307, { location: `http://${storage.host}${request.url}?signature=x` }).end();
      else server.serve(request, response);
    });
    const asked: (string | undefined)[] = [];
    storage.on("/v2/*", (request, response) => {
      asked.push(request.headers.authorization);
      request.url = request.url?.split("?")[0];
      storage.serve(request, response);
    });

    await expect(resolve()).resolves.toMatchObject({ kind: "image" });
    expect(asked).toEqual([undefined]);
  });

  it("from http to https of the same name loses the credentials", async () => {
    const secure = await scriptedRegistry(certificate);
    secure.image({ os: "linux", architecture: "amd64" });
    guard(server, (path) => `https://registry.example${path}`);
    const connect: Connect = (options, callback) =>
      connectTo({ "registry.example": options.protocol === "https:" ? secure : server })(options, callback);
    const registry = open({ connect, insecure: ["registry.example"] });

    await registry.resolve(parseReference(`registry.example/team/app@${image.digest}`), signal);

    expect(authorizations(server)).toEqual([undefined, "Basic dTpw"]);
    expect(authorizations(secure)).toEqual([undefined]);
    await secure.close();
  });

  it("to another name of the same machine loses the credentials", async () => {
    guard(server, (path) => `http://localhost:${storage.host.split(":")[1]}${path}`);
    await resolve();
    expect(authorizations(storage)).toEqual([undefined]);
  });

  it("on the same host and port keeps the credentials", async () => {
    guard(server, (path) => path.replace("/manifests/", "/elsewhere/"));
    const seen: (string | undefined)[] = [];
    server.on("/v2/team/app/elsewhere/*", (request, response) => {
      seen.push(request.headers.authorization);
      request.url = request.url?.replace("/elsewhere/", "/manifests/");
      server.serve(request, response);
    });
    await resolve();
    expect(seen).toEqual(["Basic dTpw"]);
  });

  it("away and back again does not get the credentials back", async () => {
    guard(server, (path) => `http://${storage.host}${path}`);
    redirect(storage, (path) => `http://${server.host}${path.replace("/manifests/", "/back/")}`);
    const seen: (string | undefined)[] = [];
    server.on("/v2/team/app/back/*", (request, response) => {
      seen.push(request.headers.authorization);
      request.url = request.url?.replace("/back/", "/manifests/");
      server.serve(request, response);
    });
    await resolve();
    expect(seen).toEqual([undefined]);
  });

  it("to a place that asks for a sign-in gets none: the challenge is not the registry's", async () => {
    redirect(server, (path) => `http://${storage.host}${path}`);
    storage.on("/*", (_, response) => void response.writeHead(401, { "www-authenticate": "Basic" }).end());

    await expect(resolve()).rejects.toMatchObject({ code: "unauthorized" });
    expect(authorizations(storage)).toEqual([undefined]);
  });

  it("in a circle is followed five times and then refused", async () => {
    redirect(server, (path) => path);
    await expect(resolve()).rejects.toMatchObject({ code: "refused", retryable: false });
    expect(server.seen).toHaveLength(6);
  });

  it.each([
    ["nowhere", undefined],
    ["what is no URL", "http://["],
    ["a file", "file:///etc/passwd"],
    ["data", "data:application/json,{}"],
    ["an address with credentials", "http://user:secret@127.0.0.1:1/"],
  ])("to %s is refused", async (_, location) => {
    server.on("/v2/team/app/manifests/*", (__, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end();
    });
    const error: unknown = await resolve().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "refused" });
    expect(String(error)).not.toContain("secret");
  });

  it("to a host that may not be asked over plain http is refused, and its query is not told", async () => {
    redirect(server, () => "http://registry.example/blob?signature=secret");
    const error: unknown = await resolve().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "refused",
      message: expect.stringContaining("http://registry.example/blob, which"),
    });
    expect(String(error)).not.toContain("secret");
  });
});

describe("a redirect of a registry at a public address", () => {
  it("to another public name is followed", async () => {
    await using world = await publicRegistry();
    redirect(world.registry, (path) => `https://storage.example${path}`);
    await expect(world.resolve()).resolves.toMatchObject({ kind: "image" });
    expect(world.store.seen).toHaveLength(1);
  });

  it("from https to http is refused, even to a loopback host", async () => {
    await using world = await publicRegistry();
    redirect(world.registry, (path) => `http://${storage.host}${path}`);
    await expect(world.resolve()).rejects.toMatchObject({ code: "refused" });
    expect(storage.seen).toHaveLength(0);
  });

  it.each([
    ["127.0.0.1"],
    ["169.254.169.254"],
    ["2130706433"],
    ["0x7f.1"],
    ["[::1]"],
    ["[::ffff:a9fe:a9fe]"],
  ])("to the private address %s is refused without contact", async (address) => {
    await using world = await publicRegistry();
    const { port } = new URL(`http://${world.store.host}`);
    redirect(world.registry, (path) => `https://${address}:${port}${path}`);

    await expect(world.resolve()).rejects.toMatchObject({ code: "refused" });
    expect(world.store.seen).toHaveLength(0);
  });
});
