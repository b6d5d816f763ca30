import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { sentences, voucher } from "../support/cli.ts";
import type { RunResult } from "../support/processes.ts";

const ABSENT = "127.0.0.1:9/team/app";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-usage-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<RunResult> {
  return voucher(args, { cwd: folder, env });
}

async function configured(toml: string, ...args: string[]): Promise<RunResult> {
  await writeFile(join(folder, "voucher.toml"), toml);
  return run([...args, `${ABSENT}:v1`]);
}

/** One sentence, perhaps a suggestion under it, and no trace of our own code. */
function expectOneSentence(result: RunResult, code = 2): void {
  expect(result).toMatchObject({ code, stdout: "" });
  const [sentence, ...more] = sentences(result);
  expect(sentence).toMatch(/^voucher: \S/);
  expect(more.filter((line) => !/^\(Did you mean /.test(line))).toEqual([]);
  expect(result.stderr).not.toMatch(/\n\s+at |node:internal|\.mjs/);
}

describe("bad input to voucher", () => {
  it.each([
    ["no image", ["resolve"]],
    ["no image to check", ["check"]],
    ["an empty image", ["resolve", ""]],
    ["an image with upper case", ["resolve", "127.0.0.1:9/Team/App:v1"]],
    ["an image with a space", ["resolve", "team app"]],
    ["an image that climbs", ["resolve", "127.0.0.1:9/team/../../app:v1"]],
    ["a URL", ["resolve", "https://127.0.0.1:9/team/app:v1"]],
    ["a digest that is too short", ["resolve", `${ABSENT}@sha256:abc`]],
    ["a digest of an unsupported algorithm", ["resolve", `${ABSENT}@md5:${"0".repeat(32)}`]],
    ["two digests", ["verify", `${ABSENT}@sha256:${"0".repeat(64)}@sha256:${"0".repeat(64)}`]],
    ["a tag that is too long", ["resolve", `${ABSENT}:${"t".repeat(129)}`]],
    ["a second image that is none", ["check", `${ABSENT}:v1`, "::", "--dry-run", "--check", "nobody"]],
    ["an unknown command", ["reslove", `${ABSENT}:v1`]],
    ["an unknown option", ["resolve", `${ABSENT}:v1`, "--jsno"]],
    ["a platform that is none", ["resolve", `${ABSENT}:v1`, "--platform", "linux"]],
    ["a time that is none", ["resolve", `${ABSENT}:v1`, "--timeout", "soon"]],
    ["a negative time", ["resolve", `${ABSENT}:v1`, "--timeout", "-1"]],
    ["an unknown check", ["check", `${ABSENT}:v1`, "--check", "nobdy", "--dry-run"]],
    ["a configuration that is not there", ["resolve", `${ABSENT}:v1`, "-c", "none.toml"]],
    ["no checks", ["check", `${ABSENT}:v1`]],
    ["nothing to verify", ["verify", `${ABSENT}:v1`]],
    ["a key for no check", ["keys", "generate"]],
    ["a negative time to wait", ["check", `${ABSENT}:v1`, "--dry-run", "--wait", "-1"]],
    ["a key for what is no name", ["keys", "generate", "--check", "../nobody"]],
    ["a key for a name that no configuration can have", ["keys", "generate", "--check", "Nobody"]],
    ["a key for a group", ["keys", "generate", "--check", "all"]],
    [
      "a key in a folder that is not there",
      ["keys", "generate", "--check", "nobody", "--out", "no/nobody.pem"],
    ],
  ])("ends with 2 and one sentence: %s", async (_what, args) => {
    expectOneSentence(await run(args));
  });

  it("ends with 2 for JSON readers as well, and leaves stdout empty", async () => {
    expectOneSentence(
      await run(["check", "127.0.0.1:9/Team/App:v1", "--json", "--dry-run", "--check", "nobody"]),
    );
  });

  it("suggests the command and the option that were meant", async () => {
    expect((await run(["reslove"])).stderr).toContain("resolve");
    expect((await run(["resolve", "--jsno"])).stderr).toContain("--json");
  });

  it("names a target platform that is none", async () => {
    const result = await run(["resolve", `${ABSENT}:v1`], { VOUCHER_TARGET_ARCH: "not an architecture" });

    expectOneSentence(result);
    expect(result.stderr).toContain("VOUCHER_TARGET_ARCH");
  });
});

describe("a configuration with a mistake", () => {
  it.each([
    ["valid_repo", "valid_repos", 'valid_repo = ["localhost"]'],
    ["binauth_projct", "binauth_project", 'binauth_projct = "p"'],
    ["platforms.selct", "select", '[platforms]\nselct = ["all"]'],
    ["checks.nobdy", "nobody", "[checks]\nnobdy = true"],
    ["limits.manifest_byte", "manifest_bytes", "[limits]\nmanifest_byte = 1"],
  ])("says that %s is unknown, and that %s may be meant", async (key, suggestion, toml) => {
    const result = await configured(toml, "resolve");

    expectOneSentence(result);
    expect(result.stderr).toContain("voucher.toml");
    expect(result.stderr).toContain(key);
    expect(result.stderr).toContain(`"${suggestion}"`);
  });

  it("says where its syntax breaks", async () => {
    const result = await configured('signer = "pkix"\nvalid_repos = [\n', "check");

    expectOneSentence(result);
    expect(result.stderr).toMatch(/line \d/);
  });

  it("lists every problem at once", async () => {
    const result = await configured('valid_repo = []\nsignr = "pkix"\nfailon = "terrible"\n', "check");

    expect(result).toMatchObject({ code: 2, stdout: "" });
    for (const key of ["valid_repo", "signr", "failon"]) expect(result.stderr).toContain(key);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it("needs a store to check with, unless it is a dry run", async () => {
    const toml =
      'signer = "pkix"\n[checks]\nnobody = true\n[[pkix_keys]]\ncheck = "nobody"\npath = "nobody.pem"\n';

    const result = await configured(toml, "check");

    expectOneSentence(result);
    expect(result.stderr).toContain("binauth_project");
    expect(result.stderr).toContain("--dry-run");
  });
});

describe("voucher without a configuration", () => {
  it.each([["check"], ["verify"]])("says so, and what to write: %s", async (command) => {
    const result = await run([command, `${ABSENT}:v1`]);

    expectOneSentence(result);
    expect(result.stderr).toBe(
      "voucher: no configuration was found, and so no check; write voucher.toml, or name a file with --config or VOUCHER_CONFIG\n",
    );
  });
});

describe("voucher, when its time is up", () => {
  it("says so, and how to give it more", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const address = silent.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

    const result = await run(["resolve", `${host}/team/app:v1`, "--timeout", "1"]);

    expectOneSentence(result, 3);
    expect(result.stderr).toContain("it was not done within 1 s; --timeout gives it more");
  });
});

describe("voucher keys generate", () => {
  it("makes a key that only its owner can read, and says what an attestor needs", async () => {
    const { code, stdout } = await run(["keys", "generate", "--check", "nobody", "--json"]);

    const file = join(folder, "nobody.pem");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      check: "nobody",
      keyId: expect.stringMatching(/^ni:\/\/\/sha-256;[A-Za-z0-9_-]{43}$/),
      path: file,
      publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/),
    });
    expect(await readFile(file, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each(["7zip", "v1.2-rc_3", `is_${"a".repeat(63)}`])(
    "makes a key for whatever a configuration may call a check: %s",
    async (check) => {
      const { code } = await run(["keys", "generate", "--check", check, "--out", "key.pem"]);
      const own = check.startsWith("is_")
        ? `[repository.${check.slice(3)}]\norg-url = "https://github.com/acme"\n`
        : `[checks."${check}"]\nmodule = "./own.js"\n`;
      const toml = `signer = "pkix"\n[[pkix_keys]]\ncheck = "${check}"\npath = "key.pem"\n${own}`;
      await writeFile(
        join(folder, "own.js"),
        "export const check = { description: 'It is ours.', judge: () => ({ status: 'pass' }) };",
      );
      await writeFile(join(folder, "voucher.toml"), toml);

      expect(code).toBe(0);
      expect(await run(["config", "check"])).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it("never overwrites a key", async () => {
    await run(["keys", "generate", "--check", "nobody"]);
    const key = await readFile(join(folder, "nobody.pem"), "utf8");

    const result = await run(["keys", "generate", "--check", "nobody"]);

    expectOneSentence(result);
    expect(result.stderr).toContain("nobody.pem exists already");
    expect(await readFile(join(folder, "nobody.pem"), "utf8")).toBe(key);
  });
});
