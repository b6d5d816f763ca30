import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { whoAsks } from "../../lib/cli/who.ts";
import { load } from "../config/folder.ts";

const PERSON = `${userInfo().username}@${hostname()}`;

async function folderWith(name: string, credentials: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-who-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, name),
    typeof credentials === "string" ? credentials : JSON.stringify(credentials),
  );
  return folder;
}

async function who(env: { readonly [name: string]: string }, settings = ""): Promise<string> {
  return whoAsks(await load(`binauth_project = "p"\nsigner = "pkix"\n${settings}`), env);
}

describe("whoever runs a command", () => {
  it("is known by name and host, and by the account of a service's key", async () => {
    const folder = await folderWith("key.json", {
      client_email: "ci@p.iam.gserviceaccount.com",
      private_key: "x",
    });
    const env = { GOOGLE_APPLICATION_CREDENTIALS: join(folder, "key.json") };
    expect(await who(env)).toBe(`${PERSON} as ci@p.iam.gserviceaccount.com`);
  });

  it("is known by the account that gcloud wrote down", async () => {
    const folder = await folderWith("application_default_credentials.json", { account: "ada@example.com" });
    expect(await who({ CLOUDSDK_CONFIG: folder })).toBe(`${PERSON} as ada@example.com`);
  });

  it.each([
    ["no account", { type: "external_account" }],
    ["an empty one", { account: "" }],
    ["no JSON", "{"],
  ])("is known by name and host where the credentials hold %s", async (_, credentials) => {
    const folder = await folderWith("application_default_credentials.json", credentials);
    expect(await who({ CLOUDSDK_CONFIG: folder })).toBe(PERSON);
  });

  it.each([
    '[containeranalysis]\nendpoint = "http://127.0.0.1:1"',
    'metadata_client = "grafeasos"\n[grafeasos]\nhostname = "https://grafeas.example.com"',
  ])("is not called by an account that is not shown to the server: %j", async (settings) => {
    const folder = await folderWith("application_default_credentials.json", { account: "ada@example.com" });
    expect(await who({ CLOUDSDK_CONFIG: folder }, settings)).toBe(PERSON);
  });
});
