import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applicationDefaultCredentials } from "../../lib/google/credentials.ts";
import { json } from "../../lib/local/server.ts";
import { type Scripted, type Step, scripted } from "./scripted.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "voucher-credentials-"));
  vi.stubEnv("HOME", home);
  vi.stubEnv("CLOUDSDK_CONFIG", home);
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const unhurried = () => new AbortController().signal;
const token = (access_token: string, expires_in = 3600) =>
  json(200, { access_token, expires_in, token_type: "Bearer" }, { "metadata-flavor": "Google" });

/** A metadata server, as Cloud Run has one, that answers requests for tokens by `steps`. */
async function metadataServer(...steps: readonly Step[]): Promise<Scripted> {
  let asked = 0;
  const server = await scripted((request) => {
    if (!request.path.endsWith("/token"))
      return { status: 200, headers: { "metadata-flavor": "Google" }, body: "p" };
    const step = steps[Math.min(asked, steps.length - 1)] ?? "drop";
    asked += 1;
    return typeof step === "function" ? step(request) : step;
  });
  vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
  vi.stubEnv("GCE_METADATA_HOST", new URL(server.endpoint.base).host);
  return server;
}

const tokensAsked = ({ requests }: Scripted) => requests.filter(({ path }) => path.endsWith("/token")).length;

describe("the service account of Cloud Run", () => {
  it("gives a token, once for all who ask at the same time, and again until it expires", async () => {
    const server = await metadataServer(token("first"), token("second"));
    const credentials = applicationDefaultCredentials();
    const asked = await Promise.all([1, 2, 3].map(() => credentials.accessToken(unhurried())));
    expect(asked).toEqual(["first", "first", "first"]);
    expect(await credentials.accessToken(unhurried())).toBe("first");
    expect(tokensAsked(server)).toBe(1);
    expect(await credentials.quotaProject?.(unhurried())).toBeUndefined();
  });

  it("gives a new one before the old one expires", async () => {
    await metadataServer(token("short", 1), token("next"));
    const credentials = applicationDefaultCredentials();
    expect(await credentials.accessToken(unhurried())).toBe("short");
    expect(await credentials.accessToken(unhurried())).toBe("next");
  });

  it("is named in the error where it may not", async () => {
    await metadataServer(json(403, {}));
    const asked = applicationDefaultCredentials().accessToken(unhurried());
    await expect(asked).rejects.toMatchObject({ code: "unauthorized", retryable: false });
    await expect(asked).rejects.toThrow(/service account/);
  });

  it("is worth another try where nobody answers for it", async () => {
    vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
    vi.stubEnv("GCE_METADATA_HOST", "127.0.0.1:1");
    const asked = applicationDefaultCredentials().accessToken(unhurried());
    await expect(asked).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });

  it("keeps nobody who gives up, and nobody else out", async () => {
    await metadataServer(async () => {
      await sleep(300);
      return token("late");
    });
    const credentials = applicationDefaultCredentials();
    const patient = credentials.accessToken(unhurried());
    await expect(credentials.accessToken(AbortSignal.timeout(50))).rejects.toMatchObject({ code: "timeout" });
    expect(await patient).toBe("late");
  });
});

describe("a person's own credentials", () => {
  const file = (more: object) =>
    writeFile(
      join(home, "mine.json"),
      JSON.stringify({ client_id: "a", client_secret: "b", refresh_token: "c", ...more }),
    );

  it("name the project that their calls count for", async () => {
    await file({ type: "authorized_user", quota_project_id: "mine" });
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(home, "mine.json"));
    expect(await applicationDefaultCredentials().quotaProject?.(unhurried())).toBe("mine");
  });

  it("are refused with the name of the variable where their file is unusable", async () => {
    await file({ type: "service_account" });
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(home, "mine.json"));
    const asked = applicationDefaultCredentials().accessToken(unhurried());
    await expect(asked).rejects.toMatchObject({ code: "unauthorized", retryable: false });
    await expect(asked).rejects.toThrow(/GOOGLE_APPLICATION_CREDENTIALS/);
  });
});

describe("no credentials at all", () => {
  it("are one sentence that says what to do", async () => {
    const asked = applicationDefaultCredentials().accessToken(unhurried());
    await expect(asked).rejects.toMatchObject({ code: "unauthorized", retryable: false });
    await expect(asked).rejects.toThrow(
      /gcloud auth application-default login.*Cloud Run service a service account/,
    );
  });

  it("are looked for again by the next call", async () => {
    const credentials = applicationDefaultCredentials();
    await expect(credentials.accessToken(unhurried())).rejects.toMatchObject({ code: "unauthorized" });
    await metadataServer(token("here now"));
    expect(await credentials.accessToken(unhurried())).toBe("here now");
  });

  it("are not looked for by a caller that has given up", async () => {
    const asked = applicationDefaultCredentials().accessToken(AbortSignal.abort());
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
  });
});
