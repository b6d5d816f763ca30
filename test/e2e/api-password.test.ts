import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, openApiStage, PASSWORD, PASSWORD_HASH, USERNAME } from "../support/api-stage.ts";
import { type FakeSecretManager, startSecretManager } from "../support/secret-manager.ts";

const VERSION = "projects/p/secrets/voucher-password/versions/latest";

describe("the function api, with its password in Secret Manager", () => {
  let stage: ApiStage;
  let manager: FakeSecretManager;

  beforeEach(async () => {
    stage = await openApiStage();
    manager = await startSecretManager({
      [VERSION]: `${PASSWORD_HASH}\n`,
      "projects/p/secrets/plain/versions/1": "s3cret-plain",
    });
  });

  afterEach(async () => {
    await stage.close();
    await manager.close();
  });

  function start(password: string) {
    const server = { require_auth: true, username: USERNAME, password };
    return stage.start({ server, secrets: { endpoint: manager.url } });
  }

  it("fetches it once, lets in who knows it, and shows it nowhere", async () => {
    const api = await start(`sm://${VERSION}`);
    const ask = async (password: string) => {
      const authorization = `Basic ${Buffer.from(`${USERNAME}:${password}`).toString("base64")}`;
      const response = await fetch(`${api.url}/diy`, { method: "POST", headers: { authorization } });
      return response.status;
    };

    expect([await ask(PASSWORD), await ask("wrong"), await ask(PASSWORD)]).toEqual([422, 401, 422]);
    expect(manager.requests.map(({ path }) => path)).toEqual([`/v1/${VERSION}:access`]);
    expect(api.process.lines.join("\n")).not.toContain(PASSWORD_HASH);
  });

  it.each([
    [
      "is not there",
      "sm://projects/p/secrets/none/versions/1",
      "refused to access projects/p/secrets/none/versions/1",
    ],
    ["is no reference", "sm://s3cret", "server.password: is no reference to a secret"],
    ["is no bcrypt hash", "sm://projects/p/secrets/plain/versions/1", "server.password is no bcrypt hash"],
  ])("does not start where it %s", async (_what, password, sentence) => {
    const fault = String(await start(password).catch((thrown: unknown) => thrown));

    expect(fault).toContain("the function cannot start");
    expect(fault).toContain(sentence);
    expect(fault).not.toContain("s3cret");
  });
});
