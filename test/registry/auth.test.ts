import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Credentials } from "../../lib/registry/credentials.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import {
  answerError,
  type Listing,
  type ScriptedRegistry,
  scriptedRegistry,
} from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const registries: Registry[] = [];
let server: ScriptedRegistry;

beforeEach(async () => {
  server = await scriptedRegistry();
});

afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()));
  await server.close();
});

function open(options: RegistryOptions = {}): Registry {
  const registry = createRegistry({ backOff: 1, ...options });
  registries.push(registry);
  return registry;
}

function withCredentials(credentials: Credentials): RegistryOptions {
  return { credentials: async () => credentials };
}

function images(count: number): Listing[] {
  return Array.from({ length: count }, (_, at) => server.image({ os: "linux", architecture: `cpu${at}` }));
}

function resolve({ digest }: Listing, options: RegistryOptions = {}) {
  return open(options).resolve(server.name(`@${digest}`), signal);
}

/** Lets in who sends one of `accepted`, and sends everyone else `challenges`. */
function guard(challenges: string | string[], accepted: (authorization: string) => boolean): void {
  server.on("/v2/*", (request, response) => {
    if (accepted(request.headers.authorization ?? "")) server.serve(request, response);
    else {
      response.setHeader("www-authenticate", challenges);
      answerError(response, 401, "UNAUTHORIZED", "authentication required");
    }
  });
}

interface Asked {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
}

/** A token server on the registry's own origin; returns what it was asked. */
function issuer(answer: (asked: Asked, response: ServerResponse) => void): Asked[] {
  const all: Asked[] = [];
  server.on("/token*", async (request, response) => {
    const asked = {
      method: request.method ?? "",
      query: new URL(request.url ?? "", "http://x").searchParams,
      form: new URLSearchParams(await bodyOf(request)),
      authorization: request.headers.authorization,
    };
    all.push(asked);
    answer(asked, response);
  });
  return all;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function give(token: unknown) {
  return (_: Asked, response: ServerResponse) => void response.end(JSON.stringify(token));
}

function bearer(scope = "repository:team/app:pull"): string {
  return `Bearer realm="http://${server.host}/token",service="registry",scope="${scope}"`;
}

describe("a registry that wants Basic", () => {
  const basic = `Basic ${Buffer.from("user:pä:ss").toString("base64")}`;
  const credentials = withCredentials({ username: "user", password: "pä:ss" });

  it("gets it after one challenge, and unasked from then on", async () => {
    guard('Basic realm="registry"', (sent) => sent === basic);

    await expect(resolve(server.index(images(3)), credentials)).resolves.toMatchObject({
      images: { length: 3 },
    });

    expect(server.seen).toHaveLength(2 * 3 + 1 + 1);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      ...Array(7).fill(basic),
    ]);
  });

  it("that does not accept it is asked once more at most, and the error says what to do", async () => {
    guard("Basic", () => false);

    await expect(resolve(server.index([]), credentials)).rejects.toMatchObject({
      code: "unauthorized",
      retryable: false,
      message: expect.stringContaining(`docker login ${server.host}`),
    });
    expect(server.seen).toHaveLength(2);
  });

  it("without credentials is asked once", async () => {
    guard("Basic", () => false);
    await expect(resolve(server.index([]))).rejects.toMatchObject({ code: "unauthorized" });
    expect(server.seen).toHaveLength(1);
  });

  it("gets new credentials where the old ones are no longer accepted", async () => {
    let password = "old";
    const registry = open({ credentials: async () => ({ username: "user", password }) });
    guard("Basic", (sent) => sent === `Basic ${Buffer.from(`user:${password}`).toString("base64")}`);
    const [first, second] = images(2) as [Listing, Listing];
    await registry.resolve(server.name(`@${first.digest}`), signal);

    password = "new";

    await expect(registry.resolve(server.name(`@${second.digest}`), signal)).resolves.toMatchObject({
      kind: "image",
    });
  });

  it("is not signed in to where the credentials can't be read: that is the error", async () => {
    guard("Basic", () => false);
    const credentials = async () => {
      throw new VoucherError("config", "the Docker config can't be read");
    };
    await expect(resolve(server.index([]), { credentials })).rejects.toMatchObject({ code: "config" });
  });
});

describe("a registry that wants Bearer", () => {
  it("gets a token for two requests more, whatever the number of images", async () => {
    guard(bearer(), (sent) => sent === "Bearer good");
    const asked = issuer(give({ token: "good" }));

    await expect(resolve(server.index(images(4)))).resolves.toMatchObject({ images: { length: 4 } });

    expect(server.seen).toHaveLength(2 * 4 + 1 + 2);
    expect(asked).toMatchObject([{ method: "GET", authorization: undefined }]);
    expect(asked[0]?.query.toString()).toBe("service=registry&scope=repository%3Ateam%2Fapp%3Apull");
  });

  it("and asks for several scopes has each one asked for", async () => {
    guard(bearer("repository:team/app:pull repository:team/base:pull"), (sent) => sent === "Bearer good");
    const asked = issuer(give({ token: "good" }));

    await resolve(server.index([]));

    expect(asked[0]?.query.getAll("scope")).toEqual([
      "repository:team/app:pull",
      "repository:team/base:pull",
    ]);
  });

  it("and names no scope is asked for what is needed", async () => {
    guard(`Bearer realm="http://${server.host}/token"`, (sent) => sent === "Bearer good");
    const asked = issuer(give({ token: "good" }));

    await resolve(server.index([]));

    expect(asked[0]?.query.toString()).toBe("scope=repository%3Ateam%2Fapp%3Apull");
  });

  it.each([
    ["in one header", () => `Basic realm="r", ${bearer()}`],
    ["in several", () => ["Negotiate", "Basic", bearer()]],
    ["in capitals", () => bearer().replace("Bearer", "BEARER").replace("realm", "Realm")],
  ])("or Basic gets Bearer, offered %s", async (_, challenges) => {
    guard(challenges(), (sent) => sent === "Bearer good");
    const asked = issuer(give({ access_token: "good" }));

    await resolve(server.index([]), withCredentials({ username: "user", password: "pass" }));

    expect(asked.map(({ authorization }) => authorization)).toEqual(["Basic dXNlcjpwYXNz"]);
    expect(
      server.seen.filter(({ path }) => path.startsWith("/v2/")).map(({ headers }) => headers.authorization),
    ).toEqual([undefined, "Bearer good"]);
  });

  it("gets one token for all who ask at the same time", async () => {
    guard(bearer(), (sent) => sent === "Bearer good");
    const asked = issuer((_, response) => void setTimeout(() => response.end('{"token":"good"}'), 50));
    const registry = open();

    await Promise.all(images(10).map(({ digest }) => registry.resolve(server.name(`@${digest}`), signal)));

    expect(asked).toHaveLength(1);
  });

  it("gets a token of its own for each repository, without another challenge", async () => {
    guard(bearer(), (sent) => sent.startsWith("Bearer for-"));
    const asked = issuer(({ query }, response) => {
      response.end(JSON.stringify({ token: `for-${query.get("scope")}` }));
    });
    const registry = open();
    await registry.resolve(server.name(`@${server.index([]).digest}`), signal);
    const before = server.seen.length;

    await registry.resolve({ ...server.name(":v1"), repository: "team/other" }, signal).catch(() => {});

    expect(asked.map(({ query }) => query.get("scope"))).toEqual([
      "repository:team/app:pull",
      "repository:team/other:pull",
    ]);
    expect(server.seen.length - before).toBe(2);
  });

  it("and lets everyone read another repository: what its token server refuses does not matter there", async () => {
    guard(bearer(), (sent) => sent === "Bearer good");
    issuer(({ query }, response) => {
      if (query.get("scope") === "repository:team/app:pull") response.end('{"token":"good"}');
      else answerError(response, 403, "DENIED", "no");
    });
    server.on("/v2/team/open/*", (_, response) => response.end('{"schemaVersion":2,"manifests":[]}'));
    const registry = open();
    await registry.resolve(server.name(`@${server.index([]).digest}`), signal);

    const resolving = registry.resolve({ ...server.name(":v1"), repository: "team/open" }, signal);

    await expect(resolving).resolves.toMatchObject({ kind: "artifact" });
  });

  it("gets a new token, once, where the old one is no longer accepted", async () => {
    let good = "first";
    guard(bearer(), (sent) => sent === `Bearer ${good}`);
    const asked = issuer((_, response) => response.end(JSON.stringify({ token: good })));
    const registry = open();
    const [one, two] = images(2) as [Listing, Listing];
    await registry.resolve(server.name(`@${one.digest}`), signal);

    good = "second";

    await expect(registry.resolve(server.name(`@${two.digest}`), signal)).resolves.toMatchObject({
      kind: "image",
    });
    expect(asked).toHaveLength(2);
  });

  it("gets a new token before the old one runs out, without being asked for it", async () => {
    const real = performance.now.bind(performance);
    let ahead = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + ahead);
    guard(bearer(), (sent) => sent.startsWith("Bearer token-"));
    const asked = issuer((_, response) => {
      response.end(JSON.stringify({ token: `token-${asked.length}`, expires_in: 300 }));
    });
    const registry = open();
    const [one, two, three] = images(3) as [Listing, Listing, Listing];
    await registry.resolve(server.name(`@${one.digest}`), signal);

    ahead = 200_000;
    await registry.resolve(server.name(`@${two.digest}`), signal);
    expect(asked).toHaveLength(1);
    ahead = 270_000;
    await registry.resolve(server.name(`@${three.digest}`), signal);

    expect(asked).toHaveLength(2);
    const refused = server.seen.filter(
      ({ headers, path }) => path.startsWith("/v2/") && !headers.authorization,
    );
    expect(refused).toHaveLength(1);
    clock.mockRestore();
  });

  it("and accepts no token is asked twice, not for ever", async () => {
    guard(`${bearer()},error="invalid_token"`, () => false);
    const asked = issuer(give({ token: "never-good" }));

    await expect(resolve(server.index([]))).rejects.toMatchObject({ code: "unauthorized" });
    expect(server.seen).toHaveLength(3);
    expect(asked).toHaveLength(1);
  });

  it("and says insufficient_scope gets a token of the scope that it names", async () => {
    guard(
      `${bearer("repository:team/app:pull,metadata")},error="insufficient_scope"`,
      (sent) => sent === "Bearer wide",
    );
    issuer(({ query }, response) =>
      response.end(
        JSON.stringify({
          token: query.get("scope") === "repository:team/app:pull,metadata" ? "wide" : "narrow",
        }),
      ),
    );
    await expect(resolve(server.index([]))).resolves.toMatchObject({ kind: "artifact" });
  });
});

describe("an identity token", () => {
  const credentials = withCredentials({ identityToken: "from docker login" });

  it("is exchanged by OAuth2", async () => {
    guard(bearer(), (sent) => sent === "Bearer good");
    const asked = issuer(give({ access_token: "good" }));

    await resolve(server.index([]), credentials);

    expect(asked).toMatchObject([{ method: "POST", authorization: undefined }]);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "from docker login",
      client_id: "voucher",
      service: "registry",
      scope: "repository:team/app:pull",
    });
  });

  it.each([400, 404, 405, 415, 501])(
    "is sent as a password where the token server answers %d to that",
    async (status) => {
      guard(bearer(), (sent) => sent === "Bearer good");
      const asked = issuer(({ method }, response) => {
        if (method === "POST") response.writeHead(status).end();
        else response.end('{"token":"good"}');
      });

      await resolve(server.index([]), credentials);

      const basic = `Basic ${Buffer.from("<token>:from docker login").toString("base64")}`;
      expect(asked.map(({ method, authorization }) => [method, authorization])).toEqual([
        ["POST", undefined],
        ["GET", basic],
      ]);
    },
  );
});

describe("a token server", () => {
  it.each([
    ["refuses the credentials", 401, "unauthorized", false],
    ["refuses the scope", 403, "forbidden", false],
    ["is not there", 404, "unauthorized", false],
    ["is busy", 503, "unavailable", true],
  ])(
    "that %s (%d) makes the error %s, retryable %s, and is named in it",
    async (_, status, code, retryable) => {
      guard(bearer(), () => false);
      const asked = issuer((__, response) => answerError(response, status, "X", "its own words"));

      await expect(resolve(server.index([]))).rejects.toMatchObject({
        code,
        retryable,
        message: expect.stringContaining(
          `the token server ${server.host} answered ${status} (its own words)`,
        ),
      });
      expect(asked).toHaveLength(retryable ? 4 : 1);
    },
  );

  it.each([
    ["no JSON", "<html>", "malformed"],
    ["no token", "{}", "malformed"],
    ["a token that would end its header", '{"token":"a\\r\\nx-injected: 1"}', "malformed"],
    ["a number", '{"token":1}', "malformed"],
    ["more than a token may have", `{"token":"${"x".repeat(65_536)}"}`, "limit"],
  ])("that answers with %s is an error", async (_, body, code) => {
    guard(bearer(), () => false);
    issuer((__, response) => void response.end(body));

    await expect(resolve(server.index([]))).rejects.toMatchObject({ code, retryable: false });
  });

  it("that redirects an identity token elsewhere is refused", async () => {
    const other = await scriptedRegistry();
    guard(bearer(), () => false);
    issuer((_, response) => void response.writeHead(307, { location: `http://${other.host}/token` }).end());

    await expect(
      resolve(server.index([]), withCredentials({ identityToken: "secret" })),
    ).rejects.toMatchObject({
      code: "refused",
    });
    expect(other.seen).toHaveLength(0);
    await other.close();
  });
});

describe("a registry that repeats what it was shown", () => {
  it("has no credentials repeated in the error", async () => {
    const server = createServer((request, response) => {
      const shown = request.headers.authorization ?? "";
      const said = `${shown} is ${Buffer.from(shown.split(" ")[1] ?? "", "base64")}`;
      response.writeHead(401, { "www-authenticate": "Basic", "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: said }] }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const credentials = async () => ({ username: "ann", password: "correct-horse" });
    const registry = createRegistry({ credentials });
    try {
      const asked = registry.resolve(
        parseReference(`127.0.0.1:${port}/team/app:v1`),
        new AbortController().signal,
      );
      const fault = await asked.catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: "unauthorized" });
      const printed = inspect(fault, { depth: 9 });
      expect(printed).not.toContain("correct-horse");
      expect(printed).not.toContain(Buffer.from("ann:correct-horse").toString("base64"));
    } finally {
      await registry.close();
      server.close();
    }
  });
});
