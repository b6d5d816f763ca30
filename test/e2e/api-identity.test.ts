import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { AUDIENCE, EMAIL, type GoogleIssuer, startGoogleIssuer } from "../api/google-issuer.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import { selfSigned } from "../support/certificate.ts";
import { type FunctionProcess, startFunction } from "../support/function-process.ts";
import { freePort } from "../support/processes.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";

describe("the function api, with identity tokens", () => {
  let stage: ApiStage;
  let issuer: GoogleIssuer;
  let api: FunctionProcess;
  let google: ReturnType<typeof createServer>;
  let tunnel: TestProxy;

  /** Google's own address leads to a server of ours, by a proxy and an authority that the process is told of. */
  beforeAll(async () => {
    stage = await openApiStage();
    issuer = await startGoogleIssuer();
    const certificate = selfSigned(["www.googleapis.com"]);
    const authority = join(stage.folder, "authority.pem");
    await writeFile(authority, certificate.cert);
    google = createServer(certificate, async (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "max-age=3600" });
      response.end(await (await fetch(issuer.certificates)).text());
    });
    google.listen(0, "127.0.0.1");
    await once(google, "listening");
    tunnel = await startProxy(() => `127.0.0.1:${(google.address() as AddressInfo).port}`);
    const server = { auth: "oidc", audience: AUDIENCE, allowed_emails: [EMAIL] };
    const config = await stage.configure({ server });
    const env = { HTTPS_PROXY: tunnel.url, NODE_EXTRA_CA_CERTS: authority };
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
