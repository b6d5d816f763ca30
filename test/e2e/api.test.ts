import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage, helmChart, type Sample, sampleImage } from "../../lib/local/samples.ts";
import { documentedAnswers, undescribed } from "../api/described.ts";
import {
  type ApiStage,
  openApiStage,
  PASSWORD,
  PASSWORD_HASH,
  REQUIRE_SIGN_IN,
  USERNAME,
} from "../support/api-stage.ts";
import type { FunctionProcess } from "../support/function-process.ts";

const SIGNED_IN = { authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64")}` };

const PASSING = sampleImage({ platform: "linux/amd64", user: "10001" });
const ROOT = sampleImage({ platform: "linux/amd64", user: "root" });
const DEMO = demoImage();
const CHART = helmChart();
const ABSENT = `sha256:${"0".repeat(64)}`;

interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

describe("the function api", () => {
  let stage: ApiStage;
  let api: FunctionProcess;
  let name: string;
  const answered = new Set<string>();

  beforeAll(async () => {
    stage = await openApiStage();
    name = `${stage.stack.registry.host}/team/app`;
    for (const [sample, tag] of [
      [PASSING, "good"],
      [ROOT, "root"],
      [DEMO, "demo"],
      [CHART, "chart"],
    ] as const) {
      await push(sample, tag);
    }
    api = await stage.start({ server: REQUIRE_SIGN_IN });
  });

  afterAll(() => stage?.close());

  function push(sample: Sample, tag: string) {
    return pushSample(sample, { url: stage.stack.registry.url, repository: "team/app", tag });
  }

  /** Sends a request as it is. Every answer has to be one that docs/openapi.json describes. */
  async function send(method: "POST" | "GET", path: string, init: RequestInit = {}): Promise<Said> {
    const response = await fetch(`${api.url}${path}`, { method, ...init });
    const said = { status: response.status, headers: response.headers, body: await response.text() };
    const described =
      path === "/services/ping" ? path : `/{name}${/^\/[^/]+\/verify$/.test(path) ? "/verify" : ""}`;
    answered.add(`${described} ${said.status}`);
    const answer = {
      status: said.status,
      contentType: said.headers.get("content-type"),
      wwwAuthenticate: said.headers.get("www-authenticate"),
      body: said.body,
    };
    expect(undescribed(described, method === "POST" ? "post" : "get", answer)).toEqual([]);
    return said;
  }

  function ask(path: string, body: string, headers: { readonly [name: string]: string } = SIGNED_IN) {
    return send("POST", path, { headers: { "content-type": "application/json", ...headers }, body });
  }

  async function verdictOf(path: string, image: string) {
    const { status, headers, body } = await ask(path, JSON.stringify({ image_url: image }));
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    return JSON.parse(body);
  }

  it("says that it is there to anybody, and asks nothing of anybody for it", async () => {
    stage.stack.registry.traffic.reset();
    expect(await send("GET", "/services/ping")).toMatchObject({ status: 200, body: "" });
    expect((await fetch(`${api.url}/services/ping`, { method: "HEAD" })).status).toBe(200);
    expect(stage.stack.registry.traffic.count() + stage.stack.grafeas.traffic.count()).toBe(0);
  });

  it("finds no attestation before there is one", async () => {
    expect(await verdictOf("/all/verify", `${name}@${PASSING.root.digest}`)).toMatchObject({
      success: false,
      attested: false,
      results: [
        { name: "diy", status: "fail", success: false, attested: false, error: "no attestation" },
        { name: "nobody", status: "fail", success: false, attested: false, error: "no attestation" },
      ],
    });
  });

  it("attests an image that passes, and answers with Voucher's members first", async () => {
    const image = `${name}@${PASSING.root.digest}`;
    const verdict = await verdictOf("/all", image);
    const passed = (check: string) => ({
      name: check,
      status: "pass",
      success: true,
      attested: true,
      details: {
        CheckName: check,
        Body: expect.stringContaining(PASSING.root.digest),
        Signature: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
        KeyID: expect.any(String),
      },
    });
    const results = [passed("diy"), passed("nobody")];
    expect(verdict).toEqual({
      image,
      kind: "image",
      success: true,
      attested: true,
      results,
      platforms: [
        { platform: "linux/amd64", digest: PASSING.root.digest, success: true, attested: true, results },
      ],
      skipped: [],
    });
    expect(stage.stack.grafeas.occurrences()).toHaveLength(2);
  });

  it("finds the attestations afterwards", async () => {
    const verdict = await verdictOf("/prod/verify", `${name}:good@${PASSING.root.digest}`);
    expect(verdict).toMatchObject({
      tag: "good",
      success: true,
      attested: true,
      results: [{ name: "nobody" }],
    });
  });

  it("answers with 200 where a check fails, and says why", async () => {
    expect(await verdictOf("/all", `${name}@${ROOT.root.digest}`)).toMatchObject({
      success: false,
      results: [
        { name: "diy", status: "pass", success: true, attested: true },
        {
          name: "nobody",
          status: "fail",
          success: false,
          attested: false,
          error: expect.stringContaining("root"),
        },
      ],
    });
  });

  it("runs one check, or those of one group, and no others", async () => {
    const image = `${name}@${ROOT.root.digest}`;
    expect(await verdictOf("/diy", image)).toMatchObject({ success: true, results: [{ name: "diy" }] });
    expect(await verdictOf("/prod", image)).toMatchObject({ success: false, results: [{ name: "nobody" }] });
  });

  it("answers for each platform of an index, and for what is no image in it", async () => {
    const verdict = await verdictOf("/all", `${name}@${DEMO.root.digest}`);
    expect(verdict).toMatchObject({
      kind: "index",
      success: false,
      results: [{ name: "diy" }, { name: "nobody" }],
    });
    expect(verdict.platforms).toHaveLength(4);
    expect(verdict.skipped[0]).toMatchObject({ reason: "attestation-manifest" });
  });

  it("answers with 200 and failures for what is no image", async () => {
    expect(await verdictOf("/all", `${name}@${CHART.root.digest}`)).toMatchObject({
      kind: "artifact",
      success: false,
      results: [{ status: "fail", error: expect.stringContaining("not an image") }, { status: "fail" }],
    });
  });

  it.each(["/all", "/all/verify"])(
    "answers %s with 200 and errors for an image that is not there",
    async (path) => {
      expect(await verdictOf(path, `${name}@${ABSENT}`)).toMatchObject({
        success: false,
        attested: false,
        results: [
          { status: "error", success: false, error: expect.stringContaining(ABSENT) },
          { status: "error" },
        ],
      });
    },
  );

  it.each(["/all", "/all/verify"])(
    "answers %s with errors for a host that valid_repos does not name",
    async (path) => {
      expect(await verdictOf(path, `127.0.0.1:1/team/app@${ABSENT}`)).toMatchObject({
        success: false,
        results: [
          { status: "error", error: "127.0.0.1:1 was not contacted: valid_repos names no repository there" },
          { status: "error" },
        ],
      });
    },
  );

  it.each([
    ["no credentials", {}],
    ["another password", { authorization: `Basic ${Buffer.from(`${USERNAME}:wrong`).toString("base64")}` }],
    ["another name", { authorization: `Basic ${Buffer.from(`nobody:${PASSWORD}`).toString("base64")}` }],
  ])("refuses %s with 401", async (_what, headers: { readonly [name: string]: string }) => {
    for (const path of ["/diy", "/diy/verify", "/nothing"]) {
      const { status, headers: answered, body } = await ask(path, "{}", headers);
      expect([status, body]).toEqual([401, "username or password is incorrect\n"]);
      expect(answered.get("www-authenticate")).toBe('Basic realm="voucher", charset="UTF-8"');
      expect(answered.get("content-type")).toBe("text/plain; charset=utf-8");
    }
  });

  it.each([
    ["/nothing", "nothing", 'no check or group is called "nothing"'],
    ["/is_nobody/verify", "is_nobody", 'no check or group is called "is_nobody"'],
    ["/empty", "empty", expect.stringContaining("has no checks")],
    ["/empty/verify", "empty", expect.stringContaining("has no checks")],
  ])("answers %s with 404, since there is nothing to run", async (path, check, why) => {
    const { status, body } = await ask(path, JSON.stringify({ image_url: `${name}@${PASSING.root.digest}` }));
    const [, said, reason] = /^check or group "(.+?)" is not active: (.+)\n$/.exec(body) ?? [];
    expect([status, said, reason]).toEqual([404, check, why]);
  });

  it.each([
    [
      "an image without a digest",
      '{"image_url":"gcr.io/path/to/image"}',
      "reference gcr.io/path/to/image has no digest\n",
    ],
    ["no URL", '{"image_url":"http://x"}', expect.stringMatching(/^can't use URL in ImageData: .+\n$/)],
    ["no image", "{}", expect.stringMatching(/^can't use URL in ImageData: .+\n$/)],
  ])("answers a body that names %s with 422", async (_what, body, text) => {
    for (const path of ["/diy", "/diy/verify"]) {
      expect(await ask(path, body)).toMatchObject({ status: 422, body: text });
    }
  });

  it("answers a body that is no JSON with 422, or with the framework's own 400 where it is called JSON", async () => {
    const plain = { ...SIGNED_IN, "content-type": "text/plain" };
    for (const path of ["/diy", "/diy/verify"]) {
      expect(await ask(path, "{image_url:x}", plain)).toMatchObject({ status: 422 });
      const framework = await ask(path, "{image_url:x}");
      expect(framework.status).toBe(400);
      expect(framework.body).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
    }
  });

  it("answers a body of more than 64 KiB with 413", async () => {
    const large = JSON.stringify({
      image_url: `${name}@${PASSING.root.digest}`,
      more: "x".repeat(64 * 1024),
    });
    for (const path of ["/diy", "/diy/verify"]) {
      expect(await ask(path, large)).toMatchObject({ status: 413 });
      const untyped = await send("POST", path, { headers: SIGNED_IN, body: Buffer.from(large) });
      expect(untyped.status).toBe(413);
    }
  });

  it.each([
    ["of a form's media type, as curl gives it", { "content-type": "application/x-www-form-urlencoded" }],
    ["of no media type", {}],
  ])("reads a body %s, as Voucher does", async (_what, headers) => {
    const body = Buffer.from(JSON.stringify({ image_url: `${name}@${PASSING.root.digest}` }));
    expect(await send("POST", "/diy", { headers: { ...SIGNED_IN, ...headers }, body })).toMatchObject({
      status: 200,
    });
  });

  it("answers for a check that the configuration lacks a setting of with 500", async () => {
    const body = JSON.stringify({ image_url: `${name}@${PASSING.root.digest}` });
    for (const path of ["/snakeoil", "/snakeoil/verify"]) {
      expect(await ask(path, body)).toMatchObject({ status: 500, body: "server has been misconfigured\n" });
    }
  });

  it.each([
    ["GET", "/diy", 405, "POST"],
    ["DELETE", "/diy/verify", 405, "POST"],
    ["POST", "/services/ping", 405, "GET, HEAD"],
    ["GET", "/", 404, null],
    ["POST", "/a/b/c", 404, null],
  ])("answers %s %s with %i and one sentence", async (method, path, status, allow) => {
    const response = await fetch(`${api.url}${path}`, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([status, allow]);
    expect(await response.text()).toMatch(/^[^\n]+\n$/);
  });

  it("has by now answered each of its routes with each code, but those that other tests wait for", () => {
    const documented = documentedAnswers();
    const elsewhere = documented.filter((one) => / 50[34]$/.test(one));
    expect(elsewhere).toHaveLength(4);
    expect([...answered, ...elsewhere].sort()).toEqual(documented);
  });

  it("has written neither password nor hash nor header anywhere", () => {
    const output = api.process.lines.join("\n");
    expect(output).toContain("request answered");
    for (const secret of [PASSWORD, PASSWORD_HASH, SIGNED_IN.authorization.slice(6)])
      expect(output).not.toContain(secret);
  });
});

describe("the function api, asked for the check of an organisation", () => {
  let stage: ApiStage;
  let api: FunctionProcess;
  let image: string;

  beforeAll(async () => {
    stage = await openApiStage();
    const { registry, grafeas } = stage.stack;
    const digest = await pushSample(PASSING, { url: registry.url, repository: "team/app", tag: "v1" });
    image = `${registry.host}/team/app@${digest}`;
    const source = { git: { url: "https://github.com/Acme/app", revisionId: "a".repeat(40) } };
    grafeas.seed("builds", {
      noteName: "projects/builds/notes/build",
      resourceUri: `https://${image}`,
      build: {
        provenance: {
          projectId: "builds",
          creator: "builder@example.com",
          builtArtifacts: [{ checksum: digest, id: "app" }],
          sourceProvenance: { context: source },
        },
      },
    });
    api = await stage.start({
      dryrun: true,
      image_project: "builds",
      trusted_builder_identities: ["builder@example.com"],
      trusted_projects: ["builds"],
      repository: {
        acme: { "org-url": "https://github.com/acme" },
        other: { "org-url": "https://github.com/other" },
      },
      required: { ours: { diy: true, is_acme: true } },
    });
  });

  afterAll(() => stage?.close());

  async function verdictOf(path: string) {
    const body = JSON.stringify({ image_url: image });
    const response = await fetch(`${api.url}${path}`, { method: "POST", body });
    return [response.status, response.status === 200 ? await response.json() : await response.text()];
  }

  it("answers for each alias that is configured, alone and in a group", async () => {
    expect(await verdictOf("/is_acme")).toMatchObject([
      200,
      { success: true, results: [{ name: "is_acme" }] },
    ]);
    expect(await verdictOf("/is_other")).toMatchObject([
      200,
      { success: false, results: [{ name: "is_other", status: "fail" }] },
    ]);
    expect(await verdictOf("/ours")).toMatchObject([
      200,
      { success: true, results: [{ name: "diy" }, { name: "is_acme" }] },
    ]);
  });

  it("answers for no other alias", async () => {
    const text = 'check or group "is_strangers" is not active: no check or group is called "is_strangers"\n';
    expect(await verdictOf("/is_strangers")).toEqual([404, text]);
  });
});
