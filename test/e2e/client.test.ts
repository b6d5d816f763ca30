import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../lib/app.ts";
import { demoImage } from "../../lib/local/samples.ts";
import { json } from "../../lib/local/server.ts";
import { bundled } from "../support/bundled.ts";
import { sentences, voucher } from "../support/cli.ts";
import { type RunResult, run } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";
import {
  goError,
  oldVerdict,
  type Say,
  startVoucherServer,
  type VoucherServer,
} from "../support/voucher-server.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = `gcr.io/team/app@${DIGEST}`;
const DETAILS = { CheckName: "diy", Body: "{}", Signature: "-----BEGIN PGP MESSAGE-----", KeyID: "k" };
const VULNERABLE = "vulnernable to 2 vulnerabilities: CVE-2019-5481 (high), CVE-2019-5482 (high)";

/** The answers of Voucher itself, each under the name of a check. */
const OLD_ANSWERS: { readonly [check: string]: object } = {
  all: oldVerdict(IMAGE, [
    { name: "diy", success: true, attested: true, details: DETAILS },
    { name: "nobody", success: true, attested: true },
  ]),
  rejected: oldVerdict(IMAGE, [
    { name: "diy", success: true, attested: true },
    { name: "snakeoil", error: VULNERABLE, success: false, attested: false },
  ]),
  dry: oldVerdict(IMAGE, [{ name: "diy", success: true, attested: false }]),
  unstored: oldVerdict(IMAGE, [{ name: "diy", error: "failed to sign", success: true, attested: false }]),
  missing: oldVerdict(IMAGE, [{ name: "diy", success: false, attested: false }]),
  empty: oldVerdict(IMAGE, null),
};

let home: string;
let server: VoucherServer;
let say: Say;

beforeAll(async () => {
  server = await startVoucherServer((request) => say(request));
});

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "voucher-client-"));
  say = ({ path }) => {
    const answer = OLD_ANSWERS[path.split("/")[1] ?? ""];
    if (answer !== undefined) return json(200, answer);
    return goError(404, 'check or group "x" is not active: required check(s) are not registered: x');
  };
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

afterAll(async () => {
  await server?.close();
});

function client(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<RunResult> {
  return run(process.execPath, [bundled("voucher-client.mjs"), ...args], {
    cwd: home,
    env: { HOME: home, METADATA_SERVER_DETECTION: "none", ...env },
  });
}

const asked = () => server.requests.at(-1);

// Each of these is what Voucher's own client, built from its sources, printed for the same answers and flags.
describe("voucher_client, asking Voucher itself", () => {
  it.each([
    ["all", 0, "image is approved\n   ✓ passed diy\n   ✓ passed nobody\n\n"],
    ["rejected", 1, `image was rejected\n   ✓ passed diy\n   ✗ failed snakeoil, err: ${VULNERABLE}\n\n`],
    ["dry", 0, "image is approved\n   ✓ passed diy, but wasn't attested\n\n"],
    ["unstored", 0, "image is approved\n   ✓ passed diy, but wasn't attested, err: failed to sign\n\n"],
    ["missing", 1, "image was rejected\n   ✗ failed diy\n\n"],
  ])("prints what Voucher's own client prints, and ends as it does: %s", async (check, code, lines) => {
    const result = await client(["-v", server.url, "-c", check, IMAGE]);

    expect(result).toEqual({
      code,
      stdout: `Submitting image to Voucher: ${IMAGE}\n${lines}`,
      stderr:
        code === 0 ? "" : "checking image with voucher failed: image failed to pass required check(s)\n",
    });
  });

  it("verifies, with the flags as Go writes them too", async () => {
    const result = await client([`-v=${server.url}`, "--check=missing", "--verify=true", IMAGE]);

    expect(asked()?.path).toBe("/missing/verify");
    expect(result).toEqual({
      code: 1,
      stdout: `Verifying image with Voucher: ${IMAGE}\nimage was rejected\n   ✗ failed diy\n\n`,
      stderr: "verifying image with voucher failed: image failed to pass required check(s)\n",
    });
  });

  it("asks for all where no check is named, and takes flags behind the image", async () => {
    const result = await client([IMAGE, "--voucher", server.url]);

    expect(result.code).toBe(0);
    expect(asked()).toMatchObject({ method: "POST", path: "/all" });
    expect(JSON.parse(asked()?.body.toString() ?? "")).toEqual({ image_url: IMAGE });
  });

  it("says what the server says where it gives no verdict", async () => {
    expect(await client(["-v", server.url, "-c", "x", IMAGE])).toEqual({
      code: 1,
      stdout: `Submitting image to Voucher: ${IMAGE}\n`,
      stderr:
        'checking image with voucher failed: signing image failed: failed to get response: check or group "x" is not active: required check(s) are not registered: x\n',
    });

    say = () => goError(401, "username or password is incorrect");
    expect((await client(["-v", server.url, "--verify", IMAGE])).stderr).toBe(
      "verifying image with voucher failed: verifying image failed: failed to get response: username or password is incorrect\n",
    );
  });

  it("reads ~/.voucher.yaml, and says so", async () => {
    await writeFile(
      join(home, ".voucher.yaml"),
      `server: ${server.url}\nusername: me\npassword: s3cret\ncheck: rejected\n`,
    );

    const fromFile = await client([IMAGE]);
    const fromFlag = await client(["--username", "other", "-c", "dry", IMAGE]);

    expect(fromFile.code).toBe(1);
    expect(fromFile.stdout).toBe(
      `Using config file: ${join(home, ".voucher.yaml")}\nSubmitting image to Voucher: ${IMAGE}\nimage was rejected\n   ✓ passed diy\n   ✗ failed snakeoil, err: ${VULNERABLE}\n\n`,
    );
    expect(fromFlag.stdout).toContain("✓ passed diy, but wasn't attested");
    expect(asked()?.headers.authorization).toBe(`Basic ${Buffer.from("other:s3cret").toString("base64")}`);
  });
});

describe("voucher_client, more careful than Voucher's own", () => {
  it("believes no approval without a single check", async () => {
    const result = await client(["-v", server.url, "-c", "empty", IMAGE]);

    expect(result).toMatchObject({ code: 1, stdout: `Submitting image to Voucher: ${IMAGE}\n` });
    expect(result.stderr).toContain("without a single check");
  });

  it("rejects where one of several images is rejected, and asks about each", async () => {
    const other = `gcr.io/team/app@sha256:${"b".repeat(64)}`;
    say = ({ body }) => {
      const { image_url: image } = JSON.parse(body.toString());
      return json(200, oldVerdict(image, [{ name: "diy", success: image === IMAGE, attested: true }]));
    };

    const result = await client(["-v", server.url, IMAGE, other]);

    expect(result.code).toBe(1);
    expect(result.stdout).toContain(`Submitting image to Voucher: ${other}\nimage was rejected`);
  });

  it.each([
    ["no image", [], "Error: missing the image to check"],
    ["an unknown flag", ["--nope", IMAGE], "--nope"],
    [
      "an unknown way to sign in",
      ["-a", "digest", IMAGE],
      'creating client failed: invalid auth value: "digest"',
    ],
    [
      "an empty address",
      ["-v", "", IMAGE],
      "creating client failed: cannot create client with empty hostname",
    ],
    ["a time that is none", ["-t", "soon", IMAGE], "creating client failed: timeout"],
    ["a file that is not there", ["--config", "none.toml", IMAGE], "none.toml"],
    [
      "an image that is none",
      ["-v", "http://127.0.0.1:9", "gcr.io/A:b"],
      "getting canonical reference failed: parsing image reference failed",
    ],
    [
      "no server",
      ["-v", "http://127.0.0.1:9", IMAGE],
      "checking image with voucher failed: signing image failed: 127.0.0.1:9 could not be reached",
    ],
    [
      "a password over plain http",
      ["-v", "http://voucher.invalid", "--username", "me", "--password", "s3cret", IMAGE],
      "is not sent to voucher.invalid unencrypted",
    ],
    [
      "no Google credentials",
      ["-v", "https://voucher.invalid", "-a", "idtoken", IMAGE],
      "no Google credentials were found",
    ],
  ])("ends with 1 and a sentence, where it is given %s", async (_what, args, sentence) => {
    const result = await client(args);

    expect(result.code).toBe(1);
    expect(result.stderr).toContain(sentence);
    expect(result.stdout + result.stderr).not.toMatch(/s3cret|\n\s+at /);
  });

  it("gives up when its time is up", async () => {
    const end = Promise.withResolvers<"drop">();
    say = () => end.promise;

    const result = await client(["-v", server.url, "-t", "1", IMAGE]);
    end.resolve("drop");

    expect(result.code).toBe(1);
    expect(result.stderr).toContain("gave no verdict in the time that it had");
  });

  it("says who it is, and what it takes", async () => {
    expect(await client(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^voucher_client version \d/),
    });
    const help = await client(["--help"]);
    expect(help.code).toBe(0);
    for (const flag of [
      "-v, --voucher",
      "-c, --check",
      "-a, --auth",
      "--username",
      "--password",
      "-t, --timeout",
      "--verify",
      "--config",
    ])
      expect(help.stdout).toContain(flag);
  });
});

describe("voucher check and verify --server, asking Voucher itself", () => {
  const there = (...args: readonly string[]) =>
    voucher([...args, "--server", server.url], { cwd: home, env: { METADATA_SERVER_DETECTION: "none" } });

  it.each([
    ["all", 0],
    ["dry", 0],
    ["rejected", 1],
    ["missing", 1],
    ["unstored", 3],
    ["empty", 3],
    ["unknown", 2],
  ])("end with this program's own codes: %s", async (check, code) => {
    expect(await there("check", IMAGE, "--check", check)).toMatchObject({ code });
  });

  it("give the verdict as JSON, with what an old server does not say filled in", async () => {
    const { code, stdout } = await there("verify", IMAGE, "--json");

    expect(code).toBe(0);
    expect(asked()?.path).toBe("/all/verify");
    expect(JSON.parse(stdout)).toEqual({
      image: IMAGE,
      kind: "image",
      success: true,
      attested: true,
      results: [
        { name: "diy", status: "pass", success: true, attested: true, details: DETAILS },
        { name: "nobody", status: "pass", success: true, attested: true },
      ],
      platforms: [],
      skipped: [],
    });
  });

  it("ask for each of several checks, and make one verdict of them", async () => {
    const { code, stdout } = await there("check", IMAGE, "--check", "all", "--check", "rejected", "--json");

    expect(code).toBe(1);
    expect(JSON.parse(stdout).results.map(({ name }: { name: string }) => name)).toEqual([
      "diy",
      "nobody",
      "snakeoil",
    ]);
  });

  it("print the matrix and why", async () => {
    const { stdout } = await there("check", IMAGE, "--check", "rejected");

    expect(stdout).toMatch(/snakeoil.*\n(?:.*\n)*.*✗ fail/);
    expect(stdout).toContain(VULNERABLE);
    expect(stdout).toContain("rejected");
  });

  it("sign in by flags; by the client's file only where it speaks of this very server", async () => {
    await writeFile(
      join(home, ".voucher.toml"),
      `server = "${server.url}/"\nusername = "me"\npassword = "s3cret"\n`,
    );
    await there("check", IMAGE);
    expect(asked()?.headers.authorization).toBe(`Basic ${Buffer.from("me:s3cret").toString("base64")}`);

    await there("check", IMAGE, "--username", "you", "--password", "pw");
    expect(asked()?.headers.authorization).toBe(`Basic ${Buffer.from("you:pw").toString("base64")}`);

    await writeFile(
      join(home, ".voucher.toml"),
      'server = "https://other"\nusername = "me"\npassword = "s3cret"\n',
    );
    await there("check", IMAGE);
    expect(asked()?.headers).not.toHaveProperty("authorization");
  });

  it.each([
    ["--platform", ["check", IMAGE, "--platform", "linux/amd64"]],
    ["--force", ["check", IMAGE, "--force"]],
    ["--dry-run", ["check", IMAGE, "--dry-run"]],
    ["a name that leads elsewhere", ["check", IMAGE, "--check", "../services"]],
    ["an unknown way to sign in", ["verify", IMAGE, "--auth", "digest"]],
  ])("end with 2 and a sentence, where they are given %s", async (_what, args) => {
    const before = server.requests.length;
    const result = await there(...args);

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toHaveLength(1);
    expect(server.requests).toHaveLength(before);
  });

  it.each([
    ["--auth", "idtoken"],
    ["--username", "me"],
    ["--password", "s3cret"],
  ])("are meant where a flag of theirs is given: %s", async (flag, value) => {
    const result = await voucher(["check", IMAGE, flag, value], { cwd: home });

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("goes together with --server");
    expect(result.stderr).not.toContain("s3cret");
  });
});

describeWith(["docker-registry", "skopeo"], "a client of a server that knows platforms", () => {
  const sample = demoImage();
  let stage: Stage;
  let name: string;
  let verdict: Verdict;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    await skopeoPush(sample, `${name}:v1`);
    const config = await stage.configure();
    const checked = await voucher(["check", "-c", config, "--json", `${name}@${sample.root.digest}`], {
      cwd: stage.folder,
    });
    verdict = JSON.parse(checked.stdout);
  });

  beforeEach(() => {
    say = () => json(200, verdict);
  });

  afterAll(async () => {
    await stage?.close();
  });

  it("resolves a tag, prints Voucher's lines, then the platforms", async () => {
    const { code, stdout, stderr } = await client(["-v", server.url, `${name}:v1`]);

    expect(code).toBe(1);
    expect(JSON.parse(asked()?.body.toString() ?? "")).toEqual({
      image_url: `${name}@${sample.root.digest}`,
    });
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      `Submitting image to Voucher: ${name}@${sample.root.digest}`,
      "image was rejected",
      "   ✓ passed diy",
      expect.stringMatching(/^ {3}✗ failed nobody, err: .*linux\/s390x/),
    ]);
    for (const platform of ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"])
      expect(stdout).toMatch(new RegExp(`│ ${platform} +│ .*attested`));
    expect(stderr).toBe("checking image with voucher failed: image failed to pass required check(s)\n");
  });

  it("says of a tag that is not there that there is no digest", async () => {
    const { code, stdout, stderr } = await client(["-v", server.url, `${name}:none`]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^getting canonical reference failed: getting image digest failed: getting digest from tag failed: .*:none/,
    );
  });

  it("gives the server's verdict under --server, with the tag that was asked for", async () => {
    const result = await voucher(["check", `${name}:v1`, "--server", server.url, "--json"], { cwd: home });

    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toEqual({ ...verdict, tag: "v1" });
  });

  it("waits under --server for what is pending, as long as it is told to", async () => {
    const pending = { status: "pending", success: false, attested: false, error: "waiting: a scan" } as const;
    const waits = {
      ...verdict,
      results: verdict.results.map((one) => ({ ...one, ...pending })),
      platforms: [],
    };
    let questions = 0;
    say = () => {
      questions += 1;
      return json(200, questions === 1 ? waits : verdict);
    };

    const { code, stderr } = await voucher(["check", `${name}:v1`, "--server", server.url, "--wait", "1"], {
      cwd: home,
    });

    expect(questions).toBe(2);
    expect(code).toBe(1);
    expect(stderr).toContain("waiting, 0 of 1 s");
  });
});
