import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "../../lib/image/reference.ts";
import { realmOf } from "../../lib/registry/realm.ts";
import { createRegistry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const api = new URL("https://registry.example/v2/");

describe("a realm", () => {
  it.each([
    ["another public host over https", "https://auth.example/token", [], "public"],
    ["the registry's own origin", "https://registry.example/token", [], "anywhere"],
    ["an origin that the user trusts", "https://10.0.0.1:5001/token", ["https://10.0.0.1:5001"], "anywhere"],
    [
      "a loopback origin that the user trusts",
      "http://127.0.0.1:5001/token",
      ["http://127.0.0.1:5001"],
      "anywhere",
    ],
  ])("may be %s", (_, realm, trusted, reach) => {
    expect(realmOf(realm, api, trusted)).toEqual({ url: new URL(realm), reach });
  });

  it.each([
    ["plain http", "http://auth.example/token"],
    ["plain http on the registry's own host", "http://registry.example/token"],
    ["loopback", "https://127.0.0.1/token"],
    ["a private address", "https://10.0.0.1/token"],
    ["the metadata server", "http://169.254.169.254/computeMetadata/v1/"],
    ["a link-local address over https", "https://169.254.169.254/"],
    ["an address as one number", "https://2130706433/token"],
    ["an address in hexadecimal", "https://0x7f.1/token"],
    ["an address in octal", "https://0177.0.0.1/token"],
    ["IPv6 loopback", "https://[::1]/token"],
    ["an IPv4 address in IPv6", "https://[::ffff:a9fe:a9fe]/token"],
    ["a NAT64 address of a private one", "https://[64:ff9b::a9fe:a9fe]/token"],
    ["another port of a trusted host", "https://10.0.0.1:5002/token"],
    ["credentials in the URL", "https://user:secret@auth.example/token"],
    ["no URL", "token"],
    ["another scheme", "ftp://auth.example/token"],
  ])("is refused: %s", (_, realm) => {
    const read = () => realmOf(realm, api, ["https://10.0.0.1:5001"]);
    expect(read).toThrow(expect.objectContaining({ code: "refused", retryable: false }));
    expect(read).not.toThrow(/secret/);
  });

  it("that is refused says which setting would allow it", () => {
    expect(() => realmOf("https://10.0.0.1/token?x=secret", api, [])).toThrow(
      "registry.example wants tokens to be asked for at https://10.0.0.1/token, which is no public address; " +
        "if you trust it, list its origin in registry.trusted_realms",
    );
  });
});

describe("a registry at a public name, with credentials of ours", () => {
  const certificate = selfSigned(["registry.example", "auth.example"]);
  let registry: ScriptedRegistry;
  let issuer: ScriptedRegistry;
  let inside: ScriptedRegistry;

  beforeEach(async () => {
    registry = await scriptedRegistry(certificate);
    issuer = await scriptedRegistry(certificate);
    inside = await scriptedRegistry(certificate);
  });

  afterEach(async () => {
    await Promise.all([registry.close(), issuer.close(), inside.close()]);
  });

  async function resolve(realm: string, options: RegistryOptions = {}) {
    const { digest } = registry.index([]);
    registry.on("/v2/*", (request, response) => {
      if (request.headers.authorization === "Bearer good") registry.serve(request, response);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    });
    const client = createRegistry({
      connect: connectTo({ "registry.example": registry, "auth.example": issuer, "127.0.0.1": inside }),
      credentials: async () => ({ username: "user", password: "pass" }),
      backOff: 1,
      ...options,
    });
    try {
      return await client.resolve(parseReference(`registry.example/team/app@${digest}`), signal);
    } finally {
      await client.close();
    }
  }

  it("gets a token from another public name", async () => {
    issuer.on("/token*", (_, response) => void response.end('{"token":"good"}'));
    await expect(resolve("https://auth.example/token")).resolves.toMatchObject({ kind: "artifact" });
    expect(issuer.seen.map(({ headers }) => headers.authorization)).toEqual(["Basic dXNlcjpwYXNz"]);
  });

  it("that names a realm inside does not make us contact it", async () => {
    await expect(resolve("https://127.0.0.1/token")).rejects.toMatchObject({ code: "refused" });
    expect(inside.seen).toHaveLength(0);
  });

  it("whose realm redirects inside does not make us contact that", async () => {
    issuer.on(
      "/token*",
      (_, response) => void response.writeHead(302, { location: "https://127.0.0.1/token" }).end(),
    );
    await expect(resolve("https://auth.example/token")).rejects.toMatchObject({ code: "refused" });
    expect(inside.seen).toHaveLength(0);
  });

  it("whose realm redirects to plain http does not make us follow", async () => {
    issuer.on(
      "/token*",
      (_, response) => void response.writeHead(302, { location: `http://${inside.host}/` }).end(),
    );
    await expect(resolve("https://auth.example/token")).rejects.toMatchObject({ code: "refused" });
    expect(inside.seen).toHaveLength(0);
  });

  it("whose trusted realm redirects to another place inside does not make us follow", async () => {
    issuer.on(
      "/token*",
      (_, response) => void response.writeHead(302, { location: "https://127.0.0.1/token" }).end(),
    );
    const resolving = resolve("https://auth.example/token", { trustedRealms: ["https://auth.example"] });
    await expect(resolving).rejects.toMatchObject({ code: "refused" });
    expect(inside.seen).toHaveLength(0);
  });
});

describe("a realm whose name leads inside", () => {
  it("is not contacted, and no credential leaves: the address is looked at when the connection is made", async () => {
    const server = await scriptedRegistry();
    const inside = await scriptedRegistry(selfSigned(["localhost"]));
    const { digest } = server.index([]);
    server.on("/v2/*", (_, response) => {
      const realm = `https://localhost:${inside.host.split(":")[1]}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    });
    const client = createRegistry({ credentials: async () => ({ username: "user", password: "pass" }) });

    const resolving = client.resolve(server.name(`@${digest}`), signal);

    await expect(resolving).rejects.toMatchObject({
      code: "refused",
      retryable: false,
      message: expect.stringContaining("localhost leads to an address that is not public"),
    });
    expect(inside.seen).toHaveLength(0);
    await client.close();
    await Promise.all([server.close(), inside.close()]);
  });
});
