import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserRefreshClient } from "google-auth-library";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { googleIdentityTokens } from "../../lib/cli/client-google.ts";
import { json } from "../../lib/local/server.ts";
import { type Say, startVoucherServer, type VoucherServer } from "../support/voucher-server.ts";

const AUDIENCE = "https://voucher.example.com";
const ACCOUNT = "voucher@team.iam.gserviceaccount.com";
const soon = () => AbortSignal.timeout(10_000);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "voucher-client-google-"));
  vi.stubEnv("HOME", home);
  vi.stubEnv("CLOUDSDK_CONFIG", home);
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

async function serverThat(say: Say): Promise<VoucherServer> {
  const server = await startVoucherServer(say);
  onTestFinished(() => server.close());
  return server;
}

/** A metadata server, as machines of Google's have one. */
async function metadataServer(identity: Say): Promise<VoucherServer> {
  const flavour = { "metadata-flavor": "Google" };
  const server = await serverThat((request) => {
    if (request.path.endsWith("/identity")) return identity(request);
    if (request.path.endsWith("/token"))
      return json(200, { access_token: "access", expires_in: 3600, token_type: "Bearer" }, flavour);
    return { status: 200, headers: flavour, body: "p" };
  });
  vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
  vi.stubEnv("GCE_METADATA_HOST", server.host);
  return server;
}

/** Workload identity federation, as CI has it: the file's token is changed for one of a service account. */
async function federated(impersonates: boolean): Promise<{ server: VoucherServer; iamCredentials: string }> {
  const server = await serverThat(({ path }) => {
    if (path === "/sts")
      return json(200, {
        access_token: "federated",
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3600,
      });
    if (path.endsWith(":generateAccessToken"))
      return json(200, { accessToken: "of the account", expireTime: "2099-01-01T00:00:00Z" });
    if (path.endsWith(":generateIdToken")) return json(200, { token: "made for it" });
    return json(404, {});
  });
  await writeFile(join(home, "subject"), "from CI");
  await writeFile(
    join(home, "federated.json"),
    JSON.stringify({
      type: "external_account",
      audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ci",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${server.url}/sts`,
      credential_source: { file: join(home, "subject") },
      ...(impersonates
        ? {
            service_account_impersonation_url: `${server.url}/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
          }
        : {}),
    }),
  );
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(home, "federated.json"));
  return { server, iamCredentials: server.url };
}

describe("a service account of a machine of Google's", () => {
  it.each(["idToken", "fromDefaultAccessToken"] as const)(
    "has a token made for the server: %s",
    async (way) => {
      const server = await metadataServer(() => ({
        status: 200,
        headers: { "metadata-flavor": "Google" },
        body: "header.eyJleHAiOjF9.signature",
      }));

      expect(await googleIdentityTokens()[way](AUDIENCE, soon())).toBe("header.eyJleHAiOjF9.signature");

      const asked = server.requests.find(({ path }) => path.endsWith("/identity"));
      expect(asked?.query.get("audience")).toBe(AUDIENCE);
    },
  );

  it("is told with its status where it may not, and with what to do", async () => {
    await metadataServer(() => ({ status: 403, headers: { "metadata-flavor": "Google" }, body: "s3cret" }));

    const asked = googleIdentityTokens().idToken(AUDIENCE, soon());

    await expect(asked).rejects.toMatchObject({ code: "unauthorized" });
    await expect(asked).rejects.toThrow(/^Google gave no identity token \(HTTP 403\); .*service account/);
  });
});

describe("a person who signed in by gcloud", () => {
  async function person(answer: object) {
    const server = await serverThat(() => json(200, { access_token: "access", expires_in: 3600, ...answer }));
    const client = new UserRefreshClient({
      clientId: "gcloud",
      clientSecret: "no secret",
      refreshToken: "refresh",
      endpoints: { oauth2TokenUrl: `${server.url}/token` },
    });
    return { server, tokens: googleIdentityTokens({ client: async () => client }) };
  }

  it("shows the token that comes with the access token, whoever it is for: Cloud Run takes gcloud's own", async () => {
    const { server, tokens } = await person({ id_token: "of the person" });

    expect(await tokens.fromDefaultAccessToken(AUDIENCE, soon())).toBe("of the person");
    expect(server.requests).toHaveLength(1);
  });

  it("shows one made for the server where that is asked for", async () => {
    const { server, tokens } = await person({ id_token: "for the server" });

    expect(await tokens.idToken(AUDIENCE, soon())).toBe("for the server");
    expect(new URLSearchParams(server.requests[0]?.body.toString()).get("target_audience")).toBe(AUDIENCE);
  });

  it("has none where Google sends none", async () => {
    const { tokens } = await person({});

    await expect(tokens.fromDefaultAccessToken(AUDIENCE, soon())).rejects.toThrow(/give no identity token/);
  });
});

describe("a federated identity that stands for a service account", () => {
  it("has one made by means of its access token, with the account's address in it", async () => {
    const { server, iamCredentials } = await federated(true);

    const token = await googleIdentityTokens({ iamCredentials }).fromDefaultAccessToken(AUDIENCE, soon());

    expect(token).toBe("made for it");
    const asked = server.requests.find(({ path }) => path.endsWith(":generateIdToken"));
    expect(asked?.path).toBe(`/v1/projects/-/serviceAccounts/${ACCOUNT}:generateIdToken`);
    expect(asked?.headers.authorization).toBe("Bearer of the account");
    expect(JSON.parse(asked?.body.toString() ?? "")).toEqual({ audience: AUDIENCE, includeEmail: true });
  });

  it("has none by itself", async () => {
    await federated(true);

    await expect(googleIdentityTokens().idToken(AUDIENCE, soon())).rejects.toThrow(
      /^these Google credentials give no identity token; /,
    );
  });
});

describe("a federated identity of its own", () => {
  it("has none", async () => {
    const { iamCredentials } = await federated(false);

    await expect(
      googleIdentityTokens({ iamCredentials }).fromDefaultAccessToken(AUDIENCE, soon()),
    ).rejects.toMatchObject({ code: "unauthorized" });
  });
});

describe("no credentials at all", () => {
  it.each(["idToken", "fromDefaultAccessToken"] as const)(
    "are one sentence that says what to do: %s",
    async (way) => {
      const asked = googleIdentityTokens()[way](AUDIENCE, soon());

      await expect(asked).rejects.toMatchObject({ code: "unauthorized" });
      await expect(asked).rejects.toThrow(
        /^no Google credentials were found; .*gcloud auth application-default login/,
      );
    },
  );

  it("are not waited for by whoever has given up", async () => {
    await expect(
      googleIdentityTokens().idToken(AUDIENCE, AbortSignal.abort(new Error("enough"))),
    ).rejects.toThrow("enough");
  });
});
