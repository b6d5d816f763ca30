import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage, type Sample, sampleImage } from "../../lib/local/samples.ts";
import type { LocalRequest } from "../../lib/local/server.ts";
import { type ApiStage, openApiStage, PASSWORD, REQUIRE_SIGN_IN, USERNAME } from "../support/api-stage.ts";
import { bundled } from "../support/bundled.ts";
import { sentences, voucher } from "../support/cli.ts";
import type { FunctionProcess } from "../support/function-process.ts";
import { type RunResult, run } from "../support/processes.ts";
import { startVoucherServer, type VoucherServer } from "../support/voucher-server.ts";

const SIGN_IN = ["--username", USERNAME, "--password", PASSWORD];

const PASSING = sampleImage({ platform: "linux/amd64", user: "10001" });
const UNTOUCHED = sampleImage({ platform: "linux/arm64", user: "10001" });
const DEMO = demoImage();

let stage: ApiStage;
let api: FunctionProcess;
let name: string;
let hanging: PromiseWithResolvers<"drop"> | undefined;

const named = ({ root }: Sample) => `${name}@${root.digest}`;

beforeAll(async () => {
  stage = await openApiStage(async () => hanging?.promise);
  name = `${stage.stack.registry.host}/team/app`;
  const push = (sample: Sample, tag: string) =>
    pushSample(sample, { url: stage.stack.registry.url, repository: "team/app", tag });
  await push(PASSING, "good");
  await push(UNTOUCHED, "untouched");
  await push(DEMO, "demo");
  api = await stage.start({ server: REQUIRE_SIGN_IN });
});

beforeEach(async () => {
  for (const { name: occurrence } of stage.stack.grafeas.occurrences()) {
    await fetch(`${stage.stack.grafeas.url}/v1/${occurrence}`, { method: "DELETE" });
  }
});

afterAll(() => stage?.close());

function client(...args: readonly string[]): Promise<RunResult> {
  return run(process.execPath, [bundled("voucher-client.mjs"), ...args], {
    cwd: stage.folder,
    env: { HOME: stage.folder },
  });
}

/** Asks `api` in the manner of `voucher`. */
function there(verb: "check" | "verify", ...args: readonly string[]): Promise<RunResult> {
  return voucher([verb, "--server", api.url, ...SIGN_IN, ...args], { cwd: stage.folder });
}

/** A way to `api` on which every request is changed. */
async function changing(change: (request: LocalRequest) => string, to = api): Promise<VoucherServer> {
  return startVoucherServer(async (request) => {
    const { "content-type": type = "", authorization = "" } = request.headers;
    const headers = { "content-type": type, authorization };
    const answer = await fetch(`${to.url}${request.path}`, {
      method: request.method,
      headers,
      body: change(request),
    });
    return {
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") ?? "" },
      body: await answer.text(),
    };
  });
}

describe("voucher_client, asking the function api", () => {
  const ask = (...args: readonly string[]) => client("-v", api.url, ...SIGN_IN, ...args);

  it("prints Voucher's lines, then the platform, and ends with 0 where an image is approved", async () => {
    const { code, stdout, stderr } = await ask(named(PASSING));

    const [head = "", table = ""] = stdout.split("\n\n");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(head).toBe(
      `Submitting image to Voucher: ${named(PASSING)}\nimage is approved\n   ✓ passed diy\n   ✓ passed nobody`,
    );
    expect(table).toMatch(/│ linux\/amd64 │ ✓ pass, attested │ ✓ pass, attested │ sha256:/);
    expect(stage.stack.grafeas.occurrences()).toHaveLength(2);
  });

  it("resolves a tag, shows each platform, and ends with 1 where an image is rejected", async () => {
    const { code, stdout, stderr } = await ask(`${name}:demo`);

    const [head = "", table = ""] = stdout.split("\n\n");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "checking image with voucher failed: image failed to pass required check(s)\n",
    });
    expect(head).toBe(
      `Submitting image to Voucher: ${named(DEMO)}\nimage was rejected\n   ✓ passed diy\n   ✗ failed nobody, err: linux/s390x: runs as root (the config names no user); name another with USER in its Dockerfile`,
    );
    const rows = [...table.matchAll(/│ (\S+) +│ (.*?) +│ (.*?) +│ sha256/g)].map((row) => row.slice(1));
    expect(rows).toEqual([
      ["linux/amd64", "✓ pass, attested", "✓ pass, attested"],
      ["linux/arm64", "✓ pass, attested", "✓ pass, attested"],
      ["linux/arm/v7", "✓ pass, attested", "✓ pass, attested"],
      ["linux/s390x", "✓ pass, attested", "✗ fail"],
      ["index", "✓ pass, attested", "✗ fail"],
    ]);
  });

  it("verifies: 1 before an image is attested, 0 afterwards", async () => {
    const before = await ask("--verify", named(UNTOUCHED));
    await ask(named(UNTOUCHED));
    const after = await ask("--verify", named(UNTOUCHED));

    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(
      new RegExp(
        `^Verifying image with Voucher: ${named(UNTOUCHED)}\nimage was rejected\n   ✗ failed diy, err: `,
      ),
    );
    expect(before.stderr).toBe(
      "verifying image with voucher failed: image failed to pass required check(s)\n",
    );
    expect(after).toMatchObject({ code: 0, stderr: "" });
    expect(after.stdout).toMatch(/\nimage is approved\n {3}✓ passed diy\n {3}✓ passed nobody\n\n/);
  });

  it("asks for one check, or for those of a group", async () => {
    expect((await ask("-c", "diy", named(DEMO))).stdout).toContain("approved\n   ✓ passed diy\n\n");
    expect((await ask("-c", "prod", named(DEMO))).stdout).toContain("rejected\n   ✗ failed nobody");
  });

  it.each([
    ["no password", []],
    ["a wrong password", ["--username", USERNAME, "--password", "wrong"]],
  ])("ends with 1 and the server's words where it is given %s", async (_what, flags) => {
    expect(await client("-v", api.url, ...flags, named(PASSING))).toEqual({
      code: 1,
      stdout: `Submitting image to Voucher: ${named(PASSING)}\n`,
      stderr:
        "checking image with voucher failed: signing image failed: failed to get response: username or password is incorrect\n",
    });
  });

  it.each([
    ["a name that nothing bears", "nothing", 'no check or group is called "nothing"'],
    [
      "a group without checks",
      "empty",
      "the group empty has no checks; enable some under [required.empty], as in nobody = true",
    ],
  ])("ends with 1 and the server's words for %s", async (_what, check, why) => {
    for (const [flags, words] of [
      [[], "checking image with voucher failed: signing image failed"],
      [["--verify"], "verifying image with voucher failed: verifying image failed"],
    ] as const) {
      const { code, stderr } = await ask("-c", check, ...flags, named(PASSING));
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `${words}: failed to get response: check or group "${check}" is not active: ${why}\n`,
      });
    }
  });

  it("ends with 1 and the server's words where a body arrives that names no digest (422)", async () => {
    const relay = await changing(() => JSON.stringify({ image_url: name }));

    const result = await client("-v", relay.url, ...SIGN_IN, named(PASSING));
    await relay.close();

    expect(result).toMatchObject({
      code: 1,
      stderr: `checking image with voucher failed: signing image failed: failed to get response: reference ${name} has no digest\n`,
    });
  });

  it("ends with 1 and the server's words for a check that the server lacks a setting of (500)", async () => {
    expect(await ask("-c", "snakeoil", named(PASSING))).toMatchObject({
      code: 1,
      stderr:
        "checking image with voucher failed: signing image failed: failed to get response: server has been misconfigured\n",
    });
  });
});

describe("voucher check and verify --server, asking the function api", () => {
  it("end with 0 where an image is approved, and with 1 where it is rejected", async () => {
    const approved = await there("check", `${name}:good`, "--json");
    const rejected = await there("check", named(DEMO), "--json");

    expect(approved).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(approved.stdout)).toMatchObject({
      image: named(PASSING),
      tag: "good",
      success: true,
      attested: true,
      platforms: [{ platform: "linux/amd64", attested: true }],
    });
    expect(rejected.code).toBe(1);
    expect(JSON.parse(rejected.stdout).platforms).toHaveLength(4);
  });

  it("give the very verdict that this program gives when it does the work itself", async () => {
    const asked = await there("check", named(DEMO), "--json");
    const done = await voucher(["check", named(DEMO), "--json", "-c", await stage.configure()], {
      cwd: stage.folder,
    });

    expect(asked.code).toBe(done.code);
    expect(JSON.parse(asked.stdout)).toEqual(JSON.parse(done.stdout));
  });

  it("verify: 1 before an image is attested, 0 afterwards", async () => {
    const before = await there("verify", named(UNTOUCHED));
    await there("check", named(UNTOUCHED));
    const after = await there("verify", named(UNTOUCHED));

    expect([before.code, after.code]).toEqual([1, 0]);
    expect(after.stdout).toMatch(/│ linux\/arm64 │ ✓ pass, attested │ ✓ pass, attested │/);
  });

  it.each([
    [3, "the sign-in is wrong", ["--password", "wrong"], "(HTTP 401): username or password is incorrect"],
    [
      2,
      "there is no such check",
      ["--check", "nothing"],
      '(HTTP 404): check or group "nothing" is not active',
    ],
    [2, "the group has no checks", ["--check", "empty"], '(HTTP 404): check or group "empty" is not active'],
    [3, "the server lacks a setting", ["--check", "snakeoil"], "(HTTP 500): server has been misconfigured"],
  ] as const)("end with %i and one sentence where %s", async (code, _what, flags, words) => {
    for (const verb of ["check", "verify"] as const) {
      const result = await there(verb, named(PASSING), "--json", ...flags);
      expect(result).toMatchObject({ code, stdout: "" });
      expect(sentences(result)).toEqual([expect.stringContaining(words)]);
    }
  });

  it("end with 2 where a body arrives that names no digest (422)", async () => {
    const relay = await changing(() => JSON.stringify({ image_url: name }));

    const result = await voucher(["check", named(PASSING), "--server", relay.url, ...SIGN_IN], {
      cwd: stage.folder,
    });
    await relay.close();

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toEqual([
      expect.stringContaining(`(HTTP 422): reference ${name} has no digest`),
    ]);
  });
});

describe("a client of the function api, where the registry does not answer the server in time", () => {
  let slow: FunctionProcess;
  const words = "no answer was found within 1 s, the server's timeout; ask again, or raise server.timeout";

  beforeAll(async () => {
    slow = await stage.start({ server: { timeout: 1 } });
    hanging = Promise.withResolvers();
  });

  afterAll(() => {
    hanging?.resolve("drop");
    hanging = undefined;
  });

  it("is told so, and ends with 1 as voucher_client and with 3 as voucher (504)", async () => {
    const unread = `${name}@sha256:${"0".repeat(64)}`;

    expect(await client("-v", slow.url, unread)).toMatchObject({
      code: 1,
      stderr: `checking image with voucher failed: signing image failed: failed to get response: ${words}\n`,
    });
    const result = await voucher(["verify", unread, "--server", slow.url, "--json"], { cwd: stage.folder });
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(sentences(result)).toEqual([expect.stringContaining(`(HTTP 504): ${words}`)]);
  });
});
