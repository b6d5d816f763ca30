import { stringify as toml } from "smol-toml";
import { describe, expect, it } from "vitest";
import { stringify as yaml } from "yaml";
import { loadConfig } from "../../../lib/config/load.ts";
import { loadSecrets } from "../../../lib/config/secrets/load.ts";
import { namedSecrets, type Secrets } from "../../../lib/config/secrets/secrets.ts";
import { json } from "../../../lib/local/server.ts";
import { scripted } from "../../google/scripted.ts";
import { folderWith, problemsOf } from "../folder.ts";
import { EJSON_DOCUMENT, EJSON_KEY, EJSON_PLAIN } from "./ejson-sample.ts";

/** Loads a configuration, and with it the secrets beside it. */
async function load(config: string, files: { readonly [path: string]: string } = {}) {
  const cwd = await folderWith({ "voucher.toml": config, ...files });
  const loaded = await loadConfig({ env: {}, cwd, home: "" });
  return loadSecrets(loaded.config, { env: {} });
}

function loadDocument(document: unknown) {
  return load('[secrets]\nfile = "s.json"', { "s.json": JSON.stringify(document) });
}

/** Every secret by its name, in plain. */
async function revealed(secrets: Secrets): Promise<{ readonly [name: string]: string }> {
  const entries = [...namedSecrets(secrets)].map(async ([name, secret]) => [name, await secret.reveal()]);
  return Object.fromEntries(await Promise.all(entries));
}

const EVERY_SECRET = {
  "openpgpkeys.diy": EJSON_PLAIN.openpgpkeys.diy,
  "openpgpkeys.nobody": "locked-key",
  "openpgpkeys.nobody.passphrase": "the-passphrase",
  "repositories.acme.token": "the-token",
  "repositories.other.username": "the-user",
  "repositories.other.password": "the-password",
  "repositories.app.private_key": "the-app-key",
  "datadog.api_key": "the-api-key",
  "datadog.app_key": "the-app-key",
};

describe("the secrets of a configuration", () => {
  it.each([
    ["TOML", "s.toml", (value: object) => toml(value)],
    ["YAML", "s.yaml", (value: object) => yaml(value)],
    ["JSON", "s.json", (value: object) => JSON.stringify(value)],
  ])("are read from a mounted file in %s, every one", async (_, name, write) => {
    const secrets = await load(`[secrets]\nfile = "${name}"`, { [name]: write(EJSON_PLAIN) });
    expect(await revealed(secrets)).toEqual(EVERY_SECRET);
    expect(secrets.file).toMatch(new RegExp(`/${name}$`));
    expect(secrets.warnings).toEqual([]);
  });

  it("are read from an EJSON file, every one", async () => {
    const secrets = await load('[ejson]\ndir = "keys"\nsecrets = "s.ejson"', {
      "s.ejson": JSON.stringify(EJSON_DOCUMENT),
      [`keys/${EJSON_KEY.public}`]: EJSON_KEY.private,
    });
    expect(await revealed(secrets)).toEqual(EVERY_SECRET);
  });

  it("are those of the configuration itself too, and may be none", async () => {
    const text = '[server]\nusername = "ci"\npassword = "$2b$hash"';
    expect(await revealed(await load(text))).toEqual({ "server.password": "$2b$hash" });
    expect(await revealed(await load(""))).toEqual({});
  });

  it("say by what way one signs in for a repository", async () => {
    const { repositories } = await loadDocument(EJSON_PLAIN);
    expect(JSON.parse(JSON.stringify([...repositories]))).toEqual([
      ["acme", { token: "***" }],
      ["other", { username: "***", password: "***" }],
      ["app", { appId: "12345", installationId: "67890", privateKey: "***" }],
    ]);
  });

  it.each([
    ["a token before all else", { token: "t", username: "u", password: "p" }, ["token"]],
    [
      "a password before an app",
      { token: "", username: "u", password: "p", private_key: "k" },
      ["username", "password"],
    ],
    [
      "an app by numbers",
      { username: "u", _app_id: 1, _installation_id: 2, private_key: "k" },
      ["appId", "installationId", "privateKey"],
    ],
  ])("have Voucher's order of ways to sign in: %s", async (_, entry, way) => {
    const { repositories } = await loadDocument({ repositories: { acme: entry } });
    expect(Object.keys(repositories.get("acme") ?? {})).toEqual(way);
  });

  it("are by alias and check in lower case, as those of the configuration are", async () => {
    const secrets = await loadDocument({ Repositories: { Acme: { Token: "t" } }, OpenPGPKeys: { DIY: "k" } });
    expect([...namedSecrets(secrets).keys()]).toEqual(["openpgpkeys.diy", "repositories.acme.token"]);
  });

  it("are none where the text is empty, and where a name is a comment", async () => {
    const document = {
      _comment: "x",
      openpgpkeys: { _comment: "x", diy: "" },
      repositories: { _comment: "x" },
      datadog: { api_key: "", app_key: "" },
    };
    expect(await revealed(await loadDocument(document))).toEqual({});
    expect(
      await revealed(
        await load('[secrets]\nfile = "s.yaml"', { "s.yaml": "openpgpkeys:\nrepositories:\ndatadog:\n" }),
      ),
    ).toEqual({});
  });

  it("come with a warning for each name that nothing reads", async () => {
    const { warnings } = await loadDocument({
      openpgpkey: { diy: "s3cret" },
      openpgpkeys: { diy: { key: "k", pasphrase: "s3cret" } },
      repositories: { acme: { token: "t", tokn: "s3cret", [`ghp_${"x".repeat(36)}`]: "" } },
      datadog: { api_key: "a", app_key: "b", site: "s3cret" },
    });
    expect(warnings.map((line) => line.replace(/^\S*\//, ""))).toEqual([
      's.json: openpgpkey: is no known secret, and left out; the nearest is "openpgpkeys"',
      's.json: openpgpkeys.diy.pasphrase: is no known secret, and left out; the nearest is "passphrase"',
      's.json: repositories.acme.tokn: is no known secret, and left out; the nearest is "token"',
      expect.stringMatching(/^s.json: repositories.acme.…: is no known secret, and left out/),
      expect.stringMatching(/^s.json: datadog.site: is no known secret, and left out/),
    ]);
  });
});

const WAYS =
  "holds no way to sign in; write a token, or username and password, or _app_id, _installation_id and private_key";
const REFERENCE =
  "is no reference to a secret; write sm://projects/P/secrets/S/versions/V, with latest or a number as V";

describe("a mistake in the secrets", () => {
  it.each([
    [{ openpgpkeys: "s3cret" }, "openpgpkeys: must be a table, not text"],
    [{ openpgpkeys: ["s3cret"] }, "openpgpkeys: must be a table, not a list"],
    [
      { openpgpkeys: { diy: 3 } },
      "openpgpkeys.diy: must be the armored key, or a table with key and passphrase, not a number",
    ],
    [{ openpgpkeys: { diy: { key: ["s3cret"] } } }, "openpgpkeys.diy.key: must be text, not a list"],
    [{ openpgpkeys: { diy: { passphrase: "s3cret" } } }, "openpgpkeys.diy: has a passphrase and no key"],
    [
      { openpgpkeys: { "s3cret: x": 3 } },
      "openpgpkeys.…: must be the armored key, or a table with key and passphrase, not a number",
    ],
    [{ repositories: "s3cret" }, "repositories: must be a table, not text"],
    [{ repositories: { acme: "s3cret" } }, "repositories.acme: must be a table, not text"],
    [{ repositories: { acme: { token: 123456789 } } }, "repositories.acme.token: must be text, not a number"],
    [{ repositories: { acme: { token: true } } }, "repositories.acme.token: must be text, not true or false"],
    [
      { repositories: { acme: { _app_id: "s3cret key" } } },
      "repositories.acme._app_id: is no id as GitHub gives one",
    ],
    [
      { repositories: { acme: { _app_id: { s3cret: 1 } } } },
      "repositories.acme._app_id: must be text, not a table",
    ],
    [{ repositories: { acme: {} } }, `repositories.acme: ${WAYS}`],
    [{ repositories: { acme: { username: "s3cret" } } }, `repositories.acme: ${WAYS}`],
    [{ repositories: { acme: { _app_id: "1", private_key: "s3cret" } } }, `repositories.acme: ${WAYS}`],
    [{ datadog: "s3cret" }, "datadog: must be a table, not text"],
    [{ datadog: { api_key: "s3cret" } }, "datadog.app_key: is missing beside api_key"],
    [{ datadog: { app_key: "s3cret" } }, "datadog.api_key: is missing beside app_key"],
    [{ datadog: { api_key: {}, app_key: "s3cret" } }, "datadog.api_key: must be text, not a table"],
    [{ repositories: { acme: { token: "sm://s3cret" } } }, `repositories.acme.token: ${REFERENCE}`],
    [{ openpgpkeys: { diy: "sm://projects/p" } }, `openpgpkeys.diy: ${REFERENCE}`],
  ])("is told by its name, and never by what stands there: %j", async (document, problem) => {
    expect(await problemsOf(loadDocument(document))).toEqual([`s.json: ${problem}`]);
  });

  it("does not hide another one", async () => {
    const document = {
      openpgpkeys: { diy: 1, nobody: 2 },
      repositories: { acme: {} },
      datadog: { api_key: "s3cret" },
    };
    const config = '[secrets]\nfile = "s.json"\n[server]\npassword = "sm://s3cret"';
    expect(await problemsOf(load(config, { "s.json": JSON.stringify(document) }))).toEqual([
      `configuration: server.password: ${REFERENCE}`,
      "s.json: openpgpkeys.diy: must be the armored key, or a table with key and passphrase, not a number",
      "s.json: openpgpkeys.nobody: must be the armored key, or a table with key and passphrase, not a number",
      `s.json: repositories.acme: ${WAYS}`,
      "s.json: datadog.app_key: is missing beside api_key",
    ]);
  });
});

describe("a secret in Secret Manager", () => {
  /** Answers each secret with its own name: `s1` for projects/p/secrets/s1/… */
  async function secretManager(checksums: { readonly [name: string]: string }) {
    return scripted(({ path }) => {
      const name = /\/secrets\/([^/]+)\//.exec(path)?.[1] ?? "";
      const data = Buffer.from(name).toString("base64");
      return json(200, { payload: { data, dataCrc32c: checksums[name] } });
    });
  }

  it("may stand for any secret, of the file and of the configuration, and is asked for when it is revealed", async () => {
    const { endpoint, requests } = await secretManager({ "123456789": "3808858755" });
    const sm = "sm://projects/p/secrets/123456789/versions/latest";
    const document = {
      openpgpkeys: { diy: sm, nobody: { key: sm, passphrase: sm } },
      repositories: {
        acme: { token: sm },
        other: { username: sm, password: sm },
        app: { ...EJSON_PLAIN.repositories.app, private_key: sm },
      },
      datadog: { api_key: sm, app_key: sm },
    };
    const config = `[secrets]\nfile = "s.json"\nendpoint = "${endpoint.base}"\n[server]\npassword = "${sm}"`;

    const secrets = await load(config, { "s.json": JSON.stringify(document) });
    expect(requests).toEqual([]);

    const names = [...Object.keys(EVERY_SECRET), "server.password"];
    expect(await revealed(secrets)).toEqual(Object.fromEntries(names.map((name) => [name, "123456789"])));
    expect(requests).toHaveLength(1);
  });
});

describe("the place of the secrets", () => {
  it.each([
    ['[ejson]\nsecrets = "a"\ndir = "k"\n[sops]\nfile = "b"', "ejson.secrets and sops.file"],
    ['[ejson]\ndir = "k"\n[secrets]\nfile = "b"', "ejson.secrets and secrets.file"],
    ['[sops]\nfile = "a"\n[secrets]\nfile = "b"', "sops.file and secrets.file"],
    [
      '[ejson]\nsecrets = "a"\n[sops]\nfile = "b"\n[secrets]\nfile = "c"',
      "ejson.secrets and sops.file and secrets.file",
    ],
  ])("is one: %j", async (config, names) => {
    expect(await problemsOf(load(config))).toEqual([
      `secrets are read from one file, and ${names} are set; leave one of them`,
    ]);
  });

  it.each([
    ['[ejson]\nsecrets = "a"', "ejson.dir is missing; it names the folder of the private keys"],
    ['[ejson]\ndir = "k"', "ejson.secrets is missing; it names the EJSON file"],
  ])("is named whole: %j", async (config, problem) => {
    expect(await problemsOf(load(config))).toEqual([problem]);
  });

  it("is a SOPS file where one is named, and sops is asked", async () => {
    const problems = await problemsOf(load('[sops]\nfile = "s.json"', { "s.json": "{}" }));
    expect(problems).toEqual([expect.stringMatching(/^s\.json: needs the program sops/)]);
  });

  it("is a file, by its ending: not a folder, and not nothing", async () => {
    expect(await problemsOf(load('[secrets]\nfile = "s"', { "s/x.json": "{}" }))).toEqual([
      "s: is no regular file",
    ]);
    expect(await problemsOf(load('[secrets]\nfile = "s.json"'))).toEqual([
      "s.json: cannot be read: there is no such file",
    ]);
  });
});

it("no secret is in what prints them all", async () => {
  const secrets = await loadDocument(EJSON_PLAIN);
  const { inspect } = await import("node:util");
  const printed = `${JSON.stringify([...namedSecrets(secrets)])}${inspect(secrets, { depth: 9, showHidden: true })}`;
  for (const plain of Object.values(EVERY_SECRET)) expect(printed).not.toContain(plain);
});
