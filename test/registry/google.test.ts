import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { applicationDefaultCredentials } from "../../lib/google/credentials.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { startProxy } from "../support/proxy.ts";
import { answerError, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const HOSTS = ["gcr.io", "us.gcr.io", "mirror.gcr.io", "europe-docker.pkg.dev"];
const OTHERS = ["gcr.io.example", "notgcr.io", "pkg.dev.example"];
const CHILD = fileURLToPath(new URL("../support/resolve-child.ts", import.meta.url));
const run = promisify(execFile);
const certificate = selfSigned([...HOSTS, ...OTHERS]);
let server: ScriptedRegistry;

beforeEach(async () => {
  server = await scriptedRegistry(certificate);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

async function resolve(host: string, options: RegistryOptions) {
  const { digest } = server.index([server.image({ os: "linux", architecture: "amd64" })]);
  const connect = connectTo(Object.fromEntries([...HOSTS, ...OTHERS].map((name) => [name, server])));
  const registry = createRegistry({ connect, backOff: 1, ...options });
  try {
    return await registry.resolve(parseReference(`${host}/team/app@${digest}`), signal);
  } finally {
    await registry.close();
  }
}

function sent(): (string | undefined)[] {
  return [...new Set(server.seen.map(({ headers }) => headers.authorization))];
}

const google = { accessToken: async () => "ya29.token" };
const nobody = {
  accessToken: async () => {
    throw new VoucherError(
      "unauthorized",
      "no Google credentials were found; run gcloud auth application-default login",
    );
  },
};

describe("Google's credentials", () => {
  it.each(HOSTS)("are sent to %s at once, without a challenge", async (host) => {
    await expect(resolve(host, { google })).resolves.toMatchObject({ kind: "index" });
    expect(sent()).toEqual(["Bearer ya29.token"]);
    expect(server.seen).toHaveLength(3);
  });

  it.each(OTHERS)("are not sent to %s", async (host) => {
    await resolve(host, { google });
    expect(sent()).toEqual([undefined]);
  });

  it.each([
    ["asks for no sign-in", undefined],
    ["asks for Basic", "Basic"],
    ["asks for a token", 'Bearer realm="http://gcr.io/token"'],
  ])("are not sent over plain http, though the user lists the host and it %s", async (_, challenge) => {
    const plain = await scriptedRegistry();
    const { digest } = plain.index([]);
    plain.on("/token*", (__, response) => void response.end('{"token":"t"}'));
    plain.on("/v2/*", (request, response) => {
      if (challenge === undefined) plain.serve(request, response);
      else response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    const registry = createRegistry({
      google,
      insecure: ["gcr.io"],
      connect: connectTo({ "gcr.io": plain }),
    });

    await registry.resolve(parseReference(`gcr.io/team/app@${digest}`), signal).catch(() => {});

    const authorizations = plain.seen.map(({ headers }) => headers.authorization ?? "");
    expect(authorizations).not.toHaveLength(0);
    expect(authorizations.filter((sent) => sent !== "" && sent !== "Bearer t")).toEqual([]);
    await registry.close();
    await plain.close();
  });

  it("give way to the user's own for that host", async () => {
    server.on("/v2/*", (request, response) => {
      if (request.headers.authorization !== undefined) server.serve(request, response);
      else response.writeHead(401, { "www-authenticate": "Basic" }).end();
    });
    const credentials = async () => ({ username: "_json_key", password: "{}" });

    await resolve("gcr.io", { google, credentials });

    expect(sent()).toEqual([undefined, "Basic X2pzb25fa2V5Ont9"]);
  });

  it("are done without where there are none: public images can be read all the same", async () => {
    const accessToken = vi.fn(nobody.accessToken);
    await expect(resolve("gcr.io", { google: { accessToken } })).resolves.toMatchObject({ kind: "index" });
    expect(sent()).toEqual([undefined]);
    expect(accessToken).toHaveBeenCalledTimes(1);
  });

  it.each([401, 403])(
    "that are missing are named in the error where the registry answers %d",
    async (status) => {
      server.on("/v2/*", (_, response) => answerError(response, status, "DENIED", "no"));
      await expect(resolve("gcr.io", { google: nobody })).rejects.toThrow("no Google credentials were found");
    },
  );

  it("that may not read name the role that would let them", async () => {
    server.on("/v2/*", (_, response) => answerError(response, 403, "DENIED", "no"));
    await expect(resolve("gcr.io", { google })).rejects.toThrow("roles/artifactregistry.reader");
  });

  it("that can't be had for the moment are a retryable error, not a request without", async () => {
    const accessToken = async () => {
      throw new VoucherError("unavailable", "the metadata server is busy", { retryable: true });
    };
    await expect(resolve("gcr.io", { google: { accessToken } })).rejects.toMatchObject({ retryable: true });
    expect(server.seen).toHaveLength(0);
  });

  it("are offered as a password where the registry refuses them as a token and asks for Basic", async () => {
    const basic = `Basic ${Buffer.from("oauth2accesstoken:ya29.token").toString("base64")}`;
    server.on("/v2/*", (request, response) => {
      if (request.headers.authorization === basic) server.serve(request, response);
      else response.writeHead(401, { "www-authenticate": "Basic" }).end();
    });

    await expect(resolve("gcr.io", { google })).resolves.toMatchObject({ kind: "index" });
    expect(sent()).toEqual(["Bearer ya29.token", basic]);
  });

  it("are offered as a password where the registry wants a token of its own", async () => {
    server.on("/v2/*", (request, response) => {
      if (request.headers.authorization === "Bearer own") server.serve(request, response);
      else response.writeHead(401, { "www-authenticate": 'Bearer realm="https://gcr.io/v2/token"' }).end();
    });
    server.on("/v2/token*", (_, response) => void response.end('{"token":"own"}'));

    await resolve("gcr.io", { google });

    const basic = `Basic ${Buffer.from("oauth2accesstoken:ya29.token").toString("base64")}`;
    expect(server.seen.find(({ path }) => path.startsWith("/v2/token"))?.headers.authorization).toBe(basic);
  });
});

describe("Application Default Credentials", () => {
  let issuer: ScriptedRegistry;
  let home: string;

  beforeEach(async () => {
    issuer = await scriptedRegistry();
    home = await mkdtemp(join(tmpdir(), "voucher-google-"));
    vi.stubEnv("HOME", home);
    vi.stubEnv("CLOUDSDK_CONFIG", home);
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
  });

  afterEach(async () => {
    await issuer.close();
    await rm(home, { recursive: true });
  });

  const answer = JSON.stringify({ access_token: "ya29.from-google", expires_in: 3600, token_type: "Bearer" });

  it("of a service account's file sign in to gcr.io, with one token for all requests", async () => {
    // Google's library has the token server's name built in, so it is led here by a proxy, in a process that trusts it.
    const tokens = await scriptedRegistry(selfSigned(["oauth2.googleapis.com"]));
    tokens.on("/*", (_, response) => response.setHeader("content-type", "application/json").end(answer));
    const proxy = await startProxy(() => tokens.host);
    const [ca, key] = [join(home, "ca.pem"), join(home, "key.json")];
    await writeFile(ca, tokens.cert ?? "");
    await writeFile(key, JSON.stringify(serviceAccount()));
    const { digest } = server.index([server.image({ os: "linux", architecture: "amd64" })]);

    const { stdout } = await run(
      process.execPath,
      [
        CHILD,
        `gcr.io/team/app@${digest}`,
        JSON.stringify({ google: true, servers: { "gcr.io": { host: server.host, cert: server.cert } } }),
      ],
      {
        timeout: 20_000,
        env: {
          ...process.env,
          GOOGLE_APPLICATION_CREDENTIALS: key,
          HTTPS_PROXY: proxy.url,
          NODE_EXTRA_CA_CERTS: ca,
        },
      },
    );

    expect(JSON.parse(stdout)).toMatchObject({ kind: "index" });
    expect(sent()).toEqual(["Bearer ya29.from-google"]);
    expect(tokens.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /token"]);
    await proxy.close();
    await tokens.close();
  });

  it("of a metadata server sign in to Artifact Registry, asked once", async () => {
    vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
    vi.stubEnv("GCE_METADATA_HOST", issuer.host);
    issuer.on("/*", (request, response) => {
      response.setHeader("metadata-flavor", "Google").setHeader("content-type", "application/json");
      response.end(request.url?.includes("/token") ? answer : "project");
    });

    await resolve("europe-docker.pkg.dev", { google: applicationDefaultCredentials() });

    expect(sent()).toEqual(["Bearer ya29.from-google"]);
    expect(issuer.seen.filter(({ path }) => path.includes("/token"))).toHaveLength(1);
  });
});

function serviceAccount() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    type: "service_account",
    client_email: "voucher@project.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}
