import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readEjson } from "../../lib/config/secrets/ejson.ts";
import { readSops } from "../../lib/config/secrets/sops.ts";
import { voucher } from "../support/cli.ts";
import { buildGoPrograms } from "../support/go-programs.ts";
import { run, runOrThrow } from "../support/processes.ts";
import { describeUnless } from "../support/tools.ts";

/** Secrets of every kind, and texts that are hard to carry. */
const SECRETS = {
  openpgpkeys: {
    diy: `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${randomBytes(3_000).toString("base64")}\n-----END PGP PRIVATE KEY BLOCK-----\n`,
    nobody: { key: 'with "quotes", \\ backslashes,\ttabs, ü and 🔑', passphrase: "<&>\u2028" },
  },
  repositories: {
    acme: { token: "s3cret-token" },
    other: { username: "s3cret-user", password: " s3cret password " },
    app: { _app_id: "12345", _installation_id: "67890", private_key: "s3cret-key" },
  },
  datadog: { api_key: "s3cret-api", app_key: "s3cret-app" },
};
const PLAIN = [
  SECRETS.openpgpkeys.diy.slice(100, 140),
  ...["token", "user", "password", "key", "api", "app"].map((name) => `s3cret-${name}`),
];
const TAMPERED = /token(.*?)data:(.)/s;

/** Another character of base64. */
const other = (character: string) => (character === "A" ? "B" : "A");

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-secrets-"));
});

afterAll(async () => {
  await Promise.all([ejson.close(), sops.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, content: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

const ejson = await buildGoPrograms("github.com/Shopify/ejson", "v1.5.4", [
  "github.com/Shopify/ejson/cmd/ejson",
]);

describeUnless(ejson.lacking, "what ejson encrypted", () => {
  const program = join(ejson.folder, "ejson");
  let keys: string;

  beforeAll(async () => {
    keys = join(folder, "keys");
    await mkdir(keys);
  });

  /** Encrypts a document with a new key; returns its file. */
  async function encrypt(document: object): Promise<string> {
    const key = (await runOrThrow(program, ["-keydir", keys, "keygen", "-w"])).trim();
    const file = await write(`${key}.ejson`, JSON.stringify({ _public_key: key, ...document }));
    await runOrThrow(program, ["encrypt", file]);
    return file;
  }

  const theirs = (file: string) => run(program, ["-keydir", keys, "decrypt", file]);

  it("is what we read, to the letter", async () => {
    const file = await encrypt({ ...SECRETS, _comment: "plain", _table: { inner: "x", _inner: "y" }, n: 1 });

    const ours = await readEjson(file, keys);

    expect(ours).toMatchObject(SECRETS);
    expect(ours).toEqual(JSON.parse((await theirs(file)).stdout));
    expect(await readFile(file, "utf8")).not.toContain("s3cret");
  });

  it.each([1, 63, 64, 65, 1_000, 60_000])("is what we read, also where it has %i bytes", async (length) => {
    const text = randomBytes(length).toString("latin1");
    expect(await readEjson(await encrypt({ text }), keys)).toMatchObject({ text });
  });

  it("is refused by both of us where it was changed, or is not encrypted", async () => {
    const file = await encrypt({ repositories: { acme: { token: "s3cret-token" } } });
    const text = await readFile(file, "utf8");
    const changed = await write(
      "changed.ejson",
      text.replace(/(.)(...)\]"/, (_, one, end) => `${other(one)}${end}]"`),
    );
    const padded = await write("padded.ejson", text.replace(/.\]"/, 'A]"'));
    const plain = await write("plain.ejson", text.replace(/EJ\[.*\]/, "s3cret-token"));
    for (const broken of [changed, padded, plain]) {
      expect((await theirs(broken)).code).toBe(1);
      await expect(readEjson(broken, keys)).rejects.toMatchObject({ code: "config" });
    }
  });

  it("serves voucher, which shows none of it", async () => {
    const file = await encrypt(SECRETS);
    const config = await write("ejson.json", JSON.stringify({ ejson: { dir: keys, secrets: file } }));

    const result = await voucher(["config", "check", "-v", "--json", "-c", config], { cwd: folder });

    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(result.stdout).secrets).toMatchObject({
      file,
      read: expect.arrayContaining(["datadog.api_key"]),
    });
    for (const secret of PLAIN) expect(result.stdout).not.toContain(secret);
  });
});

const sops = await buildGoPrograms("github.com/getsops/sops/v3", "v3.13.3", [
  "github.com/getsops/sops/v3/cmd/sops",
  "filippo.io/age/cmd/age-keygen",
]);

describeUnless(sops.lacking, "what sops encrypted", () => {
  let env: { readonly PATH: string; readonly SOPS_AGE_KEY_FILE: string; readonly HOME: string };
  let recipient: string;

  beforeAll(async () => {
    env = {
      PATH: `${sops.folder}:${process.env["PATH"]}`,
      SOPS_AGE_KEY_FILE: join(folder, "age.txt"),
      HOME: folder,
    };
    await runOrThrow(join(sops.folder, "age-keygen"), ["-o", env.SOPS_AGE_KEY_FILE]);
    recipient = (await runOrThrow(join(sops.folder, "age-keygen"), ["-y", env.SOPS_AGE_KEY_FILE])).trim();
  });

  async function encrypt(name: string, content: string): Promise<string> {
    const plain = await write(`plain-${name}`, content);
    const encrypted = await runOrThrow("sops", ["--encrypt", "--age", recipient, plain], { env });
    return write(name, encrypted);
  }

  it("is what we read, as JSON and as YAML", async () => {
    const json = JSON.stringify(SECRETS);
    expect(await readSops(await encrypt("s.json", json), env)).toEqual(SECRETS);
    // JSON is YAML too.
    expect(await readSops(await encrypt("s.yaml", json), env)).toEqual(SECRETS);
    const unusual = await write("secrets.production", await readFile(join(folder, "s.json"), "utf8"));
    expect(await readSops(unusual, env)).toEqual(SECRETS);
  });

  it("is refused where it was changed, and where it is not encrypted at all", async () => {
    const file = await encrypt("c.json", JSON.stringify(SECRETS));
    const text = await readFile(file, "utf8");
    const value = await write(
      "value.json",
      text.replace(TAMPERED, (_, rest, first) => `token${rest}data:${other(first)}`),
    );
    const name = await write("name.json", text.replace("acme", "evil"));
    const date = await write("date.json", text.replace(/"lastmodified": "20/, '"lastmodified": "21'));
    for (const changed of [value, name, date]) {
      await expect(readSops(changed, env)).rejects.toMatchObject({
        code: "config",
        message: expect.stringContaining("was changed since it was encrypted"),
      });
    }
    await expect(readSops(join(folder, "plain-c.json"), env)).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(/plain-c\.json: could not be decrypted by sops \(exit code 1\)/),
    });
  });

  it("cannot be read with another key, or none", async () => {
    const file = await encrypt("k.json", JSON.stringify(SECRETS));
    const stranger = join(folder, "stranger.txt");
    await runOrThrow(join(sops.folder, "age-keygen"), ["-o", stranger]);
    for (const key of [stranger, "/nowhere"]) {
      await expect(readSops(file, { ...env, SOPS_AGE_KEY_FILE: key })).rejects.toMatchObject({
        code: "unauthorized",
        message: expect.stringContaining("sops got none of the keys"),
      });
    }
  });

  it("serves voucher, which shows none of it", async () => {
    const file = await encrypt("v.json", JSON.stringify(SECRETS));
    const config = await write("sops.toml", `[sops]\nfile = ${JSON.stringify(file)}\n`);

    const result = await voucher(["config", "check", "-v", "-c", config], { cwd: folder, env });

    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("repositories.acme.token");
    for (const secret of PLAIN) expect(result.stdout).not.toContain(secret);
  });
});
