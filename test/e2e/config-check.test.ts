import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { selfSigned } from "../support/certificate.ts";
import { sentences, voucher } from "../support/cli.ts";
import type { RunResult } from "../support/processes.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-config-check-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, content: string): Promise<void> {
  await mkdir(join(folder, name, ".."), { recursive: true });
  await writeFile(join(folder, name), content);
}

function run(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<RunResult> {
  return voucher(args, { cwd: folder, env: { METADATA_SERVER_DETECTION: "none", ...env } });
}

const SECRETS = {
  openpgpkeys: {
    diy: "s3cret-pgp-key",
    nobody: { key: "s3cret-locked-key", passphrase: "s3cret-passphrase" },
  },
  repositories: {
    acme: { token: "s3cret-token" },
    other: { username: "s3cret-user", password: "s3cret-password" },
    app: { _app_id: "12345", _installation_id: "67890", private_key: "s3cret-app-key" },
  },
  datadog: { api_key: "s3cret-api-key", app_key: "s3cret-app-key" },
};

const CONFIG = `
binauth_project = "attestors"
signer = "pgp"
valid_repos = ["gcr.io/team"]
failon = "high"

[checks]
diy = true
nobody = true

[repository.acme]
org-url = "https://github.com/acme"

[secrets]
file = "secrets.json"

[server]
require_auth = false
username = "ci"
password = "s3cret-server-password"
`;

async function configured(config = CONFIG, secrets: unknown = SECRETS): Promise<void> {
  await write("voucher.toml", config);
  await write("secrets.json", typeof secrets === "string" ? secrets : JSON.stringify(secrets));
}

describe("voucher config check", () => {
  it("prints the settings in effect, as a configuration that means the same", async () => {
    await configured();
    const first = await run(["config", "check"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^# .*\/voucher\.toml\n# secrets \(from .*\/secrets\.json\): openpgpkeys\.diy, .*server\.password; each can be read\n/,
    );
    expect(parse(first.stdout)).toMatchObject({
      dryrun: false,
      valid_repos: ["gcr.io/team"],
      checks: { diy: true, nobody: true },
      platforms: { select: ["all"], index: "all" },
      server: { username: "ci", password: "********" },
    });

    await write("again.toml", first.stdout);
    const again = await run(["config", "check", "-c", "again.toml"]);

    const body = ({ stdout }: RunResult) => stdout.split("\n").slice(1).join("\n");
    expect(body(again)).toBe(body(first));
  });

  it("prints one JSON document with --json", async () => {
    await configured();
    const { code, stdout, stderr } = await run(["config", "check", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      file: join(folder, "voucher.toml"),
      settings: {
        signer: "pgp",
        failon: "high",
        repository: { acme: { "org-url": "https://github.com/acme" } },
      },
      secrets: {
        file: join(folder, "secrets.json"),
        read: [
          "openpgpkeys.diy",
          "openpgpkeys.nobody",
          "openpgpkeys.nobody.passphrase",
          "repositories.acme.token",
          "repositories.other.username",
          "repositories.other.password",
          "repositories.app.private_key",
          "datadog.api_key",
          "datadog.app_key",
          "server.password",
        ],
      },
      warnings: [],
    });
  });

  it("tells what to look at, without failing, and not with -q", async () => {
    await configured(`scanner = "gca"\n${CONFIG}`, { ...SECRETS, openpgpkey: {} });
    const result = await run(["config", "check", "--json"]);
    const warnings = [
      `${join(folder, "voucher.toml")}: scanner: "gca" is Voucher's old name for "metadata"`,
      `${join(folder, "secrets.json")}: openpgpkey: is no known secret, and left out; the nearest is "openpgpkeys"`,
    ];
    expect(result.code).toBe(0);
    expect(sentences(result)).toEqual(warnings.map((warning) => `warning: ${warning}`));
    expect(JSON.parse(result.stdout).warnings).toEqual(warnings);
    expect(await run(["config", "check", "-q"])).toMatchObject({ code: 0, stderr: "" });
  });

  it.each([
    ["a password that is no hash", "require_auth = true", "server.password is no bcrypt hash; make one with"],
    ["tokens made out to nobody", 'auth = "oidc"', 'server.auth = "oidc" needs server.audience and'],
  ])("warns of a server that would not start: %s", async (_, setting, words) => {
    await configured(CONFIG.replace("require_auth = false", setting));
    const result = await run(["config", "check"]);
    expect(result.code).toBe(0);
    expect(sentences(result)).toEqual([
      expect.stringContaining(`warning: the function api would not start: ${words}`),
    ]);
    expect(result.stdout + result.stderr).not.toContain("s3cret");
  });

  it("says that there is no configuration, and what serves instead", async () => {
    const { code, stdout } = await run(["config", "check"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^# no configuration was found; these are the defaults\n# secrets: none\ndryrun = false\n/,
    );
    expect(JSON.parse((await run(["config", "check", "--json"])).stdout)).toMatchObject({
      file: null,
      secrets: { file: null, read: [] },
    });
  });

  it("prints every problem of the configuration at once", async () => {
    await write("voucher.toml", 'valid_repo = []\nfailon = "terrible"\n[checks]\nnobdy = true\n');
    const result = await run(["config", "check", "--json"]);
    const file = join(folder, "voucher.toml");
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toEqual([
      expect.stringContaining(`voucher: ${file}: failon: must be one of`),
      expect.stringContaining(`${file}: valid_repo: is no known key; the nearest is "valid_repos"`),
      expect.stringContaining(`${file}: checks.nobdy: is no known check; the nearest is "nobody"`),
    ]);
  });

  it("prints what else is wrong at once: secrets, and checks of one's own", async () => {
    await configured(`${CONFIG}[checks.mine]\nmodule = "./mine.js"\n`, {
      openpgpkeys: { diy: ["s3cret"] },
      datadog: "s3cret",
    });
    const result = await run(["config", "check"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toEqual([
      expect.stringContaining(`checks.mine.module ${join(folder, "mine.js")} cannot be loaded`),
      `${join(folder, "secrets.json")}: openpgpkeys.diy: must be the armored key, or a table with key and passphrase, not a list`,
      `${join(folder, "secrets.json")}: datadog: must be a table, not text`,
    ]);
  });

  it("says which secrets are missing for what is configured", async () => {
    await configured(CONFIG, { openpgpkeys: { diy: "s3cret" } });
    const result = await run(["config", "check"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toEqual([
      "voucher: openpgpkeys.nobody is missing from the secrets, so nothing can be signed for nobody",
    ]);
  });

  it("ends with 3 where a secret is kept elsewhere and cannot be asked for now", async () => {
    await configured(CONFIG, {
      ...SECRETS,
      repositories: { acme: { token: "sm://projects/p/secrets/s/versions/1" } },
    });
    const result = await run(["config", "check"]);
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(sentences(result)).toEqual([
      expect.stringMatching(/^voucher: repositories\.acme\.token: no Google credentials were found; /),
    ]);
  });

  it("says where the syntax of the secrets breaks", async () => {
    await configured(CONFIG.replace("secrets.json", "secrets.toml"));
    await write("secrets.toml", "[repositories.acme]\ntoken = s3cret-token\n");
    const result = await run(["config", "check"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(sentences(result)).toEqual([
      `voucher: ${join(folder, "secrets.toml")}: cannot be read as TOML (line 2, column 9)`,
    ]);
  });
});

describe("no secret is in anything that voucher prints", () => {
  function expectNoSecret(...results: readonly RunResult[]): void {
    for (const { stdout, stderr } of results) expect(`${stdout}${stderr}`).not.toContain("s3cret");
  }

  it("when it is all right, by any format and at any length", async () => {
    await configured();
    const flags = [[], ["--json"], ["-v"], ["-q"], ["-v", "--json"]];
    const results = await Promise.all(flags.map((more) => run(["config", "check", ...more])));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expectNoSecret(...results);
  });

  it.each([
    ["that breaks off", '{"repositories": {"acme": {"token": "s3cret-token"}'],
    ["with a secret in a table's place", { repositories: { acme: "s3cret-token" } }],
    [
      "with a secret in every table's place",
      { openpgpkeys: "s3cret", repositories: "s3cret", datadog: "s3cret" },
    ],
    ["with a secret for a name", { openpgpkeys: { "s3cret key": 1 }, "s3cret: x": "" }],
    ["with a reference that is none", { repositories: { acme: { token: "sm://s3cret" } } }],
    ["with keys that are none", SECRETS],
  ])("when a command needs a file of secrets %s", async (_, secrets) => {
    await configured(CONFIG, secrets);
    const results = [await run(["config", "check", "-v"]), await run(["keys", "show", "-v"])];
    expect(results.at(-1)?.code).not.toBe(0);
    expectNoSecret(...results);
  });

  it("when a registry refuses the sign-in, and when GitHub does and sends back what it was shown", async () => {
    const { key, cert } = selfSigned(["127.0.0.1"]);
    await write("ca.pem", cert);
    const shown: string[] = [];
    const server = createServer({ key, cert }, (request, response) => {
      const { authorization = "" } = request.headers;
      if (authorization !== "") shown.push(`${request.url} ${authorization.split(" ")[0]}`);
      response.writeHead(401, { "content-type": "application/json", "www-authenticate": 'Basic realm="x"' });
      const message = request.url?.startsWith("/v2/") ? "no" : `${authorization} is not let in`;
      response.end(JSON.stringify({ message, errors: [{ code: "UNAUTHORIZED", message }] }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const [registry, grafeas] = await Promise.all([startRegistry(), startGrafeas()]);
    onTestFinished(async () => {
      server.closeAllConnections();
      await Promise.all([once(server.close(), "close"), registry.close(), grafeas.close()]);
    });
    const image = sampleIndex({ images: [sampleImage({ platform: "linux/amd64", user: "1000" })] });
    await pushSample(image, { url: registry.url, repository: "team/app", tag: "v1" });
    for (const { digest } of image.manifests) {
      const provenance = {
        projectId: "builds",
        creator: "builder@example.com",
        builtArtifacts: [{ checksum: digest, id: "team/app" }],
        sourceProvenance: {
          context: { git: { url: `https://${host}/acme/app`, revisionId: "a".repeat(40) } },
        },
      };
      grafeas.seed("images", {
        noteName: "projects/builder/notes/build",
        resourceUri: `https://${registry.host}/team/app@${digest}`,
        build: { provenance },
      });
    }
    await configured(`
image_project = "images"
trusted_builder_identities = ["builder@example.com"]
trusted_projects = ["builds"]
[checks]
approved = true
[repository.acme]
org-url = "https://${host}/acme"
[repository.other]
org-url = "https://${host}/other"
[containeranalysis]
endpoint = "${grafeas.url}"
[github]
endpoint = "https://${host}/api/graphql"
[registry]
secure = ["${host}"]
[secrets]
file = "secrets.json"
`);
    const auth = Buffer.from("ci:s3cret-registry-password").toString("base64");
    await write("config.json", JSON.stringify({ auths: { [host]: { auth } } }));
    const env = { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), DOCKER_CONFIG: folder };

    const refusedByRegistry = await run(["resolve", `${host}/team/app:v1`, "-v"], env);
    const refusedByGitHub = await run(
      ["check", `${registry.host}/team/app:v1`, "--dry-run", "-v", "--json"],
      env,
    );

    expect(shown).toEqual([
      expect.stringMatching(/^\/v2\/\S* Basic$/),
      expect.stringMatching(/^\/api\/graphql bearer$/),
    ]);
    expect([refusedByRegistry.code, refusedByGitHub.code]).toEqual([3, 3]);
    expect(refusedByGitHub.stderr).toContain("approved");
    expectNoSecret(refusedByRegistry, refusedByGitHub);
  });
});
