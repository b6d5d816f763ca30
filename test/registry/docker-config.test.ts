import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dockerConfigCredentials, dockerConfigPath } from "../../lib/registry/docker-config.ts";

const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-docker-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function auth(username: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

async function credentials(config: unknown, registry: string, within = signal) {
  const path = join(folder, "config.json");
  await writeFile(path, typeof config === "string" ? config : JSON.stringify(config));
  return await dockerConfigCredentials(path, { PATH: `${folder}:${process.env["PATH"]}`, FROM_US: "yes" })(
    registry,
    within,
  );
}

/** Puts a helper on the PATH that runs `script` of a shell, with the server's name in `$server`. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n[ "$1" = get ] || exit 9\nserver=$(cat)\n${script}\n`);
  await chmod(path, 0o755);
}

const ANSWER = `printf '{"ServerURL":"%s","Username":"from","Secret":"%s"}' "$server" "$server"`;

describe("where Docker's config lies", () => {
  it.each([
    [{ DOCKER_CONFIG: "/secrets/docker", HOME: "/home/me" }, "/secrets/docker/config.json"],
    [{ HOME: "/home/me" }, "/home/me/.docker/config.json"],
    [{}, undefined],
  ])("for %j is %s", (env, path) => {
    expect(dockerConfigPath(env)).toBe(path);
  });
});

describe("auths of Docker's config", () => {
  it.each([
    ["registry.example", { "registry.example": auth("u", "p") }, { username: "u", password: "p" }],
    [
      "registry.example:5000",
      { "registry.example:5000": auth("u", "p:q") },
      { username: "u", password: "p:q" },
    ],
    ["registry.example", { "https://registry.example": auth("u", "p") }, { username: "u", password: "p" }],
    [
      "registry.example",
      { "https://registry.example/v1/": auth("u", "p") },
      { username: "u", password: "p" },
    ],
    ["docker.io", { "https://index.docker.io/v1/": auth("u", "p") }, { username: "u", password: "p" }],
    ["docker.io", { "docker.io": auth("u", "p") }, { username: "u", password: "p" }],
    [
      "registry.example",
      { "registry.example": { username: "u", password: "p" } },
      { username: "u", password: "p" },
    ],
    [
      "registry.example",
      { "registry.example": { ...auth("u", ""), identitytoken: "t" } },
      { identityToken: "t" },
    ],
    [
      "registry.example",
      { "registry.example": auth("_json_key", '{"a":\n1}\0\0') },
      { username: "_json_key", password: '{"a":\n1}' },
    ],
    ["registry.example", { "registry.example:5000": auth("u", "p") }, undefined],
    ["registry.example", { "evil.example/registry.example": auth("u", "p") }, undefined],
    ["constructor", { "registry.example": auth("u", "p") }, undefined],
    ["registry.example", { "registry.example": {} }, undefined],
    ["registry.example", {}, undefined],
  ])("for %s, where they are %j, are %j", async (registry, auths, expected) => {
    await expect(credentials({ auths }, registry)).resolves.toEqual(expected);
  });

  it("prefer the registry's own name over a URL of it", async () => {
    const auths = { "https://registry.example/v1/": auth("old", "p"), "registry.example": auth("new", "p") };
    await expect(credentials({ auths }, "registry.example")).resolves.toMatchObject({ username: "new" });
  });

  it("that are no user and password are an error that does not quote them", async () => {
    const auths = { "registry.example": { auth: Buffer.from("secret").toString("base64") } };
    const error: unknown = await credentials({ auths }, "registry.example").catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: "config",
      message: expect.stringContaining("docker login registry.example"),
    });
    expect(String(error)).not.toContain("secret");
  });
});

describe("Docker's config", () => {
  it("that is not there has no credentials", async () => {
    await expect(
      dockerConfigCredentials(join(folder, "none"), {})("registry.example", signal),
    ).resolves.toBeUndefined();
    await expect(dockerConfigCredentials(undefined, {})("registry.example", signal)).resolves.toBeUndefined();
  });

  it("is read again each time, so that a new sign-in counts", async () => {
    await credentials({}, "registry.example");
    await expect(
      credentials({ auths: { "registry.example": auth("u", "p") } }, "registry.example"),
    ).resolves.toBeDefined();
  });

  it.each([["no JSON, with a secret"], ['{"auths":"secret"}'], ["[]"], ['{"credHelpers":{"a":1}}']])(
    "that is %s is an error that names the file and quotes nothing of it",
    async (text) => {
      const error: unknown = await credentials(text, "registry.example").catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "config",
        message: expect.stringContaining(join(folder, "config.json")),
      });
      expect(String(error)).not.toContain("secret");
    },
  );

  it("that is a folder is an error", async () => {
    await expect(dockerConfigCredentials(folder, {})("registry.example", signal)).rejects.toMatchObject({
      code: "config",
    });
  });
});

describe("a credential helper", () => {
  it("for that registry is asked, before the store and the file", async () => {
    await helper("mine", ANSWER);
    const config = {
      credHelpers: { "registry.example": "mine" },
      credsStore: "other",
      auths: { "registry.example": auth("u", "p") },
    };
    await expect(credentials(config, "registry.example")).resolves.toEqual({
      username: "from",
      password: "registry.example",
    });
  });

  it("that is the store is asked for every registry, for Docker Hub by its old name", async () => {
    await helper("store", ANSWER);
    await expect(credentials({ credsStore: "store" }, "docker.io")).resolves.toMatchObject({
      password: "https://index.docker.io/v1/",
    });
  });

  it("that has nothing leaves it to the file", async () => {
    await helper("store", "echo credentials not found in native keychain; exit 1");
    const config = { credsStore: "store", auths: { "registry.example": auth("u", "p") } };
    await expect(credentials(config, "registry.example")).resolves.toMatchObject({ username: "u" });
    await expect(credentials({ credsStore: "store" }, "registry.example")).resolves.toBeUndefined();
  });

  it("may answer with an identity token", async () => {
    await helper("store", `echo '{"ServerURL":"","Username":"<token>","Secret":"identity"}'`);
    await expect(credentials({ credsStore: "store" }, "registry.example")).resolves.toEqual({
      identityToken: "identity",
    });
  });

  it("that does not read what it is asked may answer all the same", async () => {
    const path = join(folder, "docker-credential-deaf");
    await writeFile(path, `#!/bin/sh\nexec <&-\necho '{"Username":"u","Secret":"p"}'\n`);
    await chmod(path, 0o755);
    await expect(credentials({ credsStore: "deaf" }, "registry.example")).resolves.toMatchObject({
      username: "u",
    });
  });

  it("runs in the environment that it is given", async () => {
    await helper("store", `printf '{"Username":"%s","Secret":"p"}' "$FROM_US"`);
    await expect(credentials({ credsStore: "store" }, "registry.example")).resolves.toMatchObject({
      username: "yes",
    });
  });

  it.each([
    ["fails", "echo secret; echo secret >&2; exit 3", "failed (3)"],
    ["answers nonsense", "echo secret", "gave no usable answer"],
    ["answers without a user", `echo '{"Secret":"secret"}'`, "gave no usable answer"],
    ["prints more than 64 KiB", "head -c 100000 /dev/zero", "printed too much"],
  ])("that %s is an error that names it, and quotes nothing of its output", async (_, script, why) => {
    await helper("store", script);
    const error: unknown = await credentials({ credsStore: "store" }, "registry.example").catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: "config",
      message: expect.stringContaining(`docker-credential-store`),
    });
    expect(String(error)).toContain(why);
    expect(String(error)).not.toContain("secret");
  });

  it("that is not installed is an error that says so", async () => {
    await expect(credentials({ credsStore: "absent" }, "registry.example")).rejects.toThrow(
      "docker-credential-absent was not found on the PATH",
    );
  });

  it.each(["../../bin/sh", "a/b", "a b", ".hidden", "a;b"])(
    "is not looked for under the name %j",
    async (name) => {
      const config = { credHelpers: { "registry.example": name } };
      await expect(credentials(config, "registry.example")).rejects.toMatchObject({ code: "config" });
    },
  );

  it("that hangs is ended with the review", async () => {
    await helper("store", "sleep 20; echo done");
    const start = performance.now();
    const asking = credentials({ credsStore: "store" }, "registry.example", AbortSignal.timeout(100));
    await expect(asking).rejects.toMatchObject({ code: "timeout", retryable: true });
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
