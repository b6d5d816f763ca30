import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import type { FunctionProcess } from "../support/function-process.ts";
import { pause } from "../support/processes.ts";

const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });

describe("the function api, where its registry does not answer", () => {
  let stage: ApiStage;
  let hanging: boolean;
  let asked: PromiseWithResolvers<void>;
  let release: PromiseWithResolvers<void>;

  beforeEach(async () => {
    hanging = false;
    asked = Promise.withResolvers();
    release = Promise.withResolvers();
    stage = await openApiStage(async () => {
      if (!hanging) return undefined;
      asked.resolve();
      await release.promise;
      return "drop";
    });
    await pushSample(IMAGE, { url: stage.stack.registry.url, repository: "team/app", tag: "v1" });
    hanging = true;
  });

  afterEach(async () => {
    release.resolve();
    await stage.close();
  });

  function ask(
    api: FunctionProcess,
    signal: AbortSignal | null = null,
    path: "/all" | "/all/verify" = "/all",
  ): Promise<Response> {
    const body = JSON.stringify({ image_url: `${stage.stack.registry.host}/team/app@${IMAGE.root.digest}` });
    const headers = { "content-type": "application/json" };
    return fetch(`${api.url}${path}`, { method: "POST", headers, body, signal });
  }

  async function expectServing(api: FunctionProcess): Promise<void> {
    hanging = false;
    release.resolve();
    expect((await ask(api)).status).toBe(200);
    expect(api.process.hasEnded()).toBe(false);
  }

  it("answers with 504 at server.timeout, leaves nothing attested, and serves on", async () => {
    const api = await stage.start({ server: { timeout: 1 } });
    const responses = await Promise.all([ask(api), ask(api, null, "/all/verify")]);
    for (const response of responses) {
      expect(response.status).toBe(504);
      expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(await response.text()).toBe(
        "no answer was found within 1 s, the server's timeout; ask again, or raise server.timeout\n",
      );
    }
    release.resolve();
    await pause(200);
    expect(stage.stack.grafeas.occurrences()).toEqual([]);
    await expectServing(api);
  });

  it("stops its work where its client goes away, and serves on", async () => {
    const api = await stage.start();
    const client = new AbortController();
    const answer = ask(api, client.signal).then(
      () => "answered",
      () => "given up",
    );
    await asked.promise;
    client.abort();
    expect(await answer).toBe("given up");
    await vi.waitFor(
      () => expect(api.process.lines.join("\n")).toContain("request given up by its client"),
      5_000,
    );
    await expectServing(api);
  });

  it("survives a client that breaks off in the middle of its body", async () => {
    const api = await stage.start();
    for (const type of ["content-type: application/json\r\n", ""]) {
      const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
      await once(socket, "connect");
      socket.write(`POST /all HTTP/1.1\r\nhost: x\r\n${type}content-length: 1000\r\n\r\n{"image_url":`);
      await pause(100);
      socket.destroy();
      await once(socket, "close");
    }
    await pause(200);
    expect(api.process.lines.join("\n")).not.toMatch(/unhandled|uncaught/i);
    await expectServing(api);
  });
});

describe("the function api, where its configuration would leave it open or useless", () => {
  let stage: ApiStage;

  beforeEach(async () => {
    stage = await openApiStage();
  });

  afterEach(() => stage.close());

  it.each([
    [
      "a password is asked for and none is set",
      { server: { require_auth: true } },
      "server.username and server.password",
    ],
    [
      "the password is no hash",
      { server: { require_auth: true, username: "a", password: "hunter2" } },
      "server.password is no bcrypt hash",
    ],
    [
      "identity tokens are made out to nobody",
      { server: { auth: "oidc" } },
      "server.audience and server.allowed_emails",
    ],
    ["there is no store", { binauth_project: undefined }, "no store for attestations is configured"],
    [
      "it would sign with keys of a file of secrets, and there is none",
      { signer: "pgp" },
      "set ejson.dir and ejson.secrets, sops.file or secrets.file",
    ],
    ["it would sign with keys of Cloud KMS, and names none", { signer: "kms" }, "add [[kms_keys]]"],
    [
      "a group has a check that cannot be made",
      { required: { prod: { snakeoil: true } }, dryrun: true },
      "failon",
    ],
  ])("does not start when %s", async (_what, settings, sentence) => {
    const fault: unknown = await stage.start(settings).catch((thrown: unknown) => thrown);
    expect(String(fault)).toContain("the function cannot start");
    expect(String(fault)).toContain(sentence);
    expect(String(fault)).not.toContain("hunter2");
  });

  it("starts without [checks], where only groups are asked for; then all is no group with checks", async () => {
    const api = await stage.start({ checks: {}, required: { prod: { nobody: true } } });
    const ask = (path: string) => fetch(`${api.url}${path}`, { method: "POST", body: "{}" });
    expect((await ask("/prod")).status).toBe(422);
    expect((await ask("/all")).status).toBe(404);
  });
});

describe("the function api, where its configuration names another port than its host", () => {
  it("listens where its host says, and warns whoever goes by server.port", async () => {
    const stage = await openApiStage();
    onTestFinished(() => stage.close());
    const api = await stage.start({ server: { port: 8000 } });
    expect((await fetch(`${api.url}/services/ping`)).status).toBe(200);
    const warnings = api.process.lines
      .map((line) => JSON.parse(line))
      .filter((e) => e.severity === "WARNING");
    expect(warnings).toMatchObject([
      { message: "server.port is not where the API listens", configured: 8000, port: new URL(api.url).port },
    ]);
  });
});
