import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { secretsOf, signInFor } from "../lib/app/secrets.ts";
import { loadConfig } from "../lib/config/load.ts";

const REPOSITORIES = {
  acme: { token: "ghp_verysecret" },
  apps: { _app_id: "12", _installation_id: "34", private_key: "-----BEGIN RSA PRIVATE KEY-----" },
  old: { username: "ann", password: "hunter2" },
};

async function open(secrets: object) {
  const folder = await mkdtemp(join(tmpdir(), "voucher-secrets-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "secrets.json"), JSON.stringify(secrets));
  const file = join(folder, "voucher.json");
  const repository = Object.fromEntries(
    ["acme", "apps", "old", "bare"].map((alias) => [alias, { "org-url": `https://github.com/${alias}-org` }]),
  );
  await writeFile(file, JSON.stringify({ repository, secrets: { file: "secrets.json" } }));
  const { config } = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const google = { accessToken: () => Promise.reject(new Error("not asked")) };
  const read = secretsOf(config, google, { env: {} });
  return { read, signIn: (owner: string) => signInFor(owner, config, read), folder };
}

describe("signing in at a source host", () => {
  it("is done by the secret of the alias whose organisation owns the repository, in any case", async () => {
    const { signIn } = await open({ repositories: REPOSITORIES });
    expect(await signIn("Acme-Org")).toEqual({ token: "ghp_verysecret" });
    expect(await signIn("old-org")).toEqual({ username: "ann", password: "hunter2" });
    expect(await signIn("apps-org")).toEqual({
      appId: "12",
      installationId: "34",
      privateKey: "-----BEGIN RSA PRIVATE KEY-----",
    });
  });

  it("is not done where the organisation is not configured, or has no secret", async () => {
    const { signIn } = await open({ repositories: REPOSITORIES });
    expect(await signIn("strangers")).toBeUndefined();
    expect(await signIn("bare-org")).toBeUndefined();
  });

  it("reads the file again after it could not be read", async () => {
    const { signIn, folder } = await open({ repositories: REPOSITORIES });
    await rm(join(folder, "secrets.json"));
    await expect(signIn("acme-org")).rejects.toMatchObject({ code: "config" });
    await writeFile(join(folder, "secrets.json"), JSON.stringify({ repositories: REPOSITORIES }));
    expect(await signIn("acme-org")).toEqual({ token: "ghp_verysecret" });
  });

  it("shows no secret in what it read, however it is printed", async () => {
    const { read } = await open({
      repositories: REPOSITORIES,
      openpgpkeys: { diy: "-----BEGIN PGP PRIVATE KEY" },
    });
    const secrets = await read();
    const printed = `${JSON.stringify([...secrets.repositories])}${JSON.stringify([...secrets.openpgpkeys])}`;
    for (const secret of ["ghp_verysecret", "hunter2", "BEGIN RSA", "BEGIN PGP"])
      expect(printed).not.toContain(secret);
    expect(printed).toContain("***");
  });

  it("quotes nothing of a file that is malformed", async () => {
    const { signIn } = await open({ repositories: { acme: { token: ["ghp_verysecret"] } } });
    const fault = await signIn("acme-org").catch(String);
    expect(fault).toContain("repositories.acme.token");
    expect(fault).not.toContain("ghp_verysecret");
  });
});
