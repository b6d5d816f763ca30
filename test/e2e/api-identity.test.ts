import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { AUDIENCE, EMAIL, type GoogleIssuer, startGoogleIssuer } from "../api/google-issuer.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import { bundled } from "../support/bundled.ts";
import { selfSigned } from "../support/certificate.ts";
import { type FunctionProcess, startFunction } from "../support/function-process.ts";
import { freePort, run } from "../support/processes.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";

describe("the function api, with identity tokens", () => {
  let stage: ApiStage;
  let issuer: GoogleIssuer;
  let api: FunctionProcess;
  let google: ReturnType<typeof createServer>;
  let tunnel: TestProxy;
  let env: { readonly [name: string]: string };
  /** By what a token was asked for last. */
  let claims: object;

  /** Google's own address leads to a server of ours, by a proxy and an authority that the process is told of. */
  beforeAll(async () => {
    stage = await openApiStage();
    issuer = await startGoogleIssuer();
    const certificate = selfSigned(["www.googleapis.com", "oauth2.googleapis.com"]);
    const authority = join(stage.folder, "authority.pem");
    await writeFile(authority, certificate.cert);
    google = createServer(certificate, async (request, response) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=3600" });
      if (request.url === "/token") {
        const assertion = new URLSearchParams(await text(request)).get("assertion") ?? "";
        claims = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());
        const forApi = { id_token: issuer.token() };
        const forGoogle = { access_token: "ya29.token", expires_in: 3600, token_type: "Bearer" };
        response.end(JSON.stringify("target_audience" in claims ? forApi : forGoogle));
      } else response.end(await (await fetch(issuer.certificates)).text());
    });
    google.listen(0, "127.0.0.1");
    await once(google, "listening");
    tunnel = await startProxy(() => `127.0.0.1:${(google.address() as AddressInfo).port}`);
    const server = { auth: "oidc", audience: AUDIENCE, allowed_emails: [EMAIL] };
    const config = await stage.configure({ server });
    env = { HTTPS_PROXY: tunnel.url, NODE_EXTRA_CA_CERTS: authority };
    api = await startFunction(config, env, "api");
  });

  afterAll(async () => {
    await api?.close();
    await stage?.close();
    await tunnel?.close();
    google?.close();
    await issuer?.close();
  });

  function ask(headers: { readonly [name: string]: string }): Promise<Response> {
    return fetch(`${api.url}/all`, { method: "POST", headers, body: "{}" });
  }

  it("lets in who shows one that Google signed", async () => {
    const response = await ask({ authorization: `Bearer ${issuer.token()}` });
    expect(response.status, api.process.lines.join("\n")).toBe(422);
  });

  it.each([
    ["no token", () => ({})],
    ["a token for somebody else", () => ({ authorization: `Bearer ${issuer.token({ aud: "other" })}` })],
    ["a token that nobody signed", () => ({ authorization: `Bearer ${issuer.token({}, { alg: "none" })}` })],
  ])("refuses %s", async (_what, headers: () => { readonly [name: string]: string }) => {
    const response = await ask(headers());
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="voucher"');
    expect(await response.text()).toBe("the identity token is missing, or is not accepted here\n");
  });

  it.each([
    ["idtoken", "voucher_client", "voucher-client.mjs", ["-a", "idtoken", "-v"], 1],
    ["idtoken", "voucher check --server", "voucher.mjs", ["check", "--auth", "idtoken", "--server"], 3],
    ["default-access-token", "voucher_client", "voucher-client.mjs", ["-a", "default-access-token", "-v"], 1],
  ] as const)("lets in whom Google signs in: %s of %s", async (_auth, _client, entry, args, code) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const account = {
      type: "service_account",
      client_email: EMAIL,
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    };
    const file = join(stage.folder, "account.json");
    await writeFile(file, JSON.stringify(account));
    const image = `${stage.stack.registry.host}/team/none@sha256:${"0".repeat(64)}`;

    const result = await run(process.execPath, [bundled(entry), ...args, api.url, image], {
      cwd: stage.folder,
      env: { ...env, HOME: stage.folder, GOOGLE_APPLICATION_CREDENTIALS: file },
    });

    expect(result.code, result.stderr).toBe(code);
    expect(result.stdout).toContain("diy");
    expect(claims).toMatchObject({ iss: EMAIL, target_audience: api.url });
    expect(result.stdout + result.stderr).not.toMatch(/eyJ[\w-]+\./);
  });

  it("has written no token anywhere", () => {
    expect(api.process.lines.join("\n")).not.toMatch(/eyJ[\w-]+\./);
  });
});

describe("the function api, where Google's certificates cannot be fetched", () => {
  it("answers with 503, and asks to be asked again", async () => {
    const stage = await openApiStage();
    onTestFinished(() => stage.close());
    const server = { auth: "oidc", audience: AUDIENCE, allowed_emails: [EMAIL] };
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const api = await startFunction(await stage.configure({ server }), { HTTPS_PROXY: nowhere }, "api");
    onTestFinished(() => api.close());

    for (const path of ["/all", "/all/verify"]) {
      const headers = { authorization: "Bearer a.b.c" };
      const response = await fetch(`${api.url}${path}`, { method: "POST", headers, body: "{}" });
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(await response.text()).toBe("whether you may ask cannot be found out now; try again\n");
    }
  });
});
