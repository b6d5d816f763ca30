import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { AppSignIn } from "../../lib/evidence/github-sign-in.ts";
import { json } from "../../lib/local/server.ts";
import type { FakeGitHub } from "../support/github.ts";
import { asking, HEAD, withHead } from "./github-asking.ts";

const FOUND = { repositories: [withHead({})] };
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const APPS = { 12: publicKey.export({ type: "spki", format: "pem" }).toString() };
const pem = (type: "pkcs1" | "pkcs8") => privateKey.export({ type, format: "pem" }).toString();
/** An installation of its own for each test: the library joins sign-ins of one installation. */
let installations = 100;
const app = (more: Partial<AppSignIn> = {}): AppSignIn => {
  installations += 1;
  return { appId: "12", installationId: String(installations), privateKey: pem("pkcs1"), ...more };
};
const header = (fake: FakeGitHub) => fake.requests.at(-1)?.headers.authorization;

describe("signing in", () => {
  it("is done with a token", async () => {
    const { fake, commit } = await asking({
      ...FOUND,
      signIn: { token: "ghp_sesame\n" },
      authorized: ["bearer ghp_sesame"],
    });
    expect(await commit()).toMatchObject({ repository: "acme/app" });
    expect(fake.requests).toHaveLength(1);
  });

  it("is done with a name and a password", async () => {
    const basic = `Basic ${Buffer.from("ada:pass:word").toString("base64")}`;
    const signIn = { username: "ada", password: "pass:word" };
    const { fake, commit } = await asking({ ...FOUND, signIn, authorized: [basic] });
    expect(await commit()).toMatchObject({ repository: "acme/app" });
    expect(header(fake)).toBe(basic);
  });

  it("asks for each owner's own credentials, which may take a moment to read", async () => {
    const repositories = [withHead({}), withHead({}, { name: "umbrella/app" })];
    const signIn = async (owner: string) => ({ token: `token-of-${owner}` });
    const { fake, commit } = await asking({ repositories, signIn });
    await commit();
    expect(header(fake)).toBe("bearer token-of-acme");
    await commit(HEAD, "https://github.com/umbrella/app");
    expect(header(fake)).toBe("bearer token-of-umbrella");
  });

  it("shows nothing to an endpoint on this machine, and asks for nothing to show", async () => {
    const { fake, commit } = await asking(FOUND);
    await commit();
    expect(header(fake)).toBeUndefined();
  });

  it("says which secret to set where there are none", async () => {
    const { fake, failure } = await asking({ ...FOUND, signIn: () => undefined });
    const error = await failure();
    expect(error).toMatchObject({ code: "config", retryable: false });
    expect(error.message).toContain("repositories.<alias>.token");
    expect(error.message).toContain("https://github.com/acme");
    expect(fake.requests).toHaveLength(0);
  });

  it.each(["", " ", "two words", "t\u00f6ken", "a\r\nb"])("is not tried with the token %j", async (token) => {
    const { fake, failure } = await asking({ ...FOUND, signIn: { token } });
    const error = await failure();
    expect(error).toMatchObject({ code: "config", retryable: false });
    expect(error.message).toContain("repositories.<alias>.token");
    expect(fake.requests).toHaveLength(0);
  });
});

describe("a GitHub App", () => {
  const known = { ...FOUND, authorized: [], apps: APPS };
  const tokens = (fake: FakeGitHub) =>
    fake.requests.filter(({ path }) => path.endsWith("/access_tokens")).length;

  it.each(["pkcs1", "pkcs8"] as const)("signs in with a private key in %s", async (type) => {
    const signIn = app({ privateKey: pem(type) });
    const { fake, commit } = await asking({ ...known, signIn });
    expect(await commit()).toMatchObject({ repository: "acme/app" });
    expect(fake.requests.map(({ path }) => path)).toEqual([
      `/api/v3/app/installations/${signIn.installationId}/access_tokens`,
      "/api/graphql",
    ]);
  });

  it("keeps its token, also where its secrets are read anew each time", async () => {
    const { installationId } = app();
    const { fake, commit } = await asking({ ...known, signIn: () => app({ installationId }) });
    await commit();
    await commit();
    await Promise.all([commit(), commit()]);
    expect(tokens(fake)).toBe(1);
  });

  it("asks once for a token that several wait for", async () => {
    const signIn = app();
    const { fake, commit } = await asking({ ...known, signIn });
    await Promise.all([commit(), commit(), commit()]);
    expect(tokens(fake)).toBe(1);
  });

  it("gets one new token where the one it kept was revoked", async () => {
    const signIn = app();
    let revoked = false;
    const { fake, commit } = await asking({
      ...known,
      signIn,
      before: ({ path }) => {
        if (!revoked || path !== "/api/graphql") return undefined;
        revoked = false;
        return json(401, { message: "Bad credentials" });
      },
    });
    await commit();
    revoked = true;
    expect(await commit()).toMatchObject({ repository: "acme/app" });
    expect(tokens(fake)).toBe(2);
  });

  it("does not go on asking for tokens that are all refused", async () => {
    const { fake, failure } = await asking({
      ...known,
      signIn: app(),
      before: ({ path }) => (path === "/api/graphql" ? json(401, { message: "Bad credentials" }) : undefined),
    });
    expect(await failure()).toMatchObject({ code: "unauthorized", retryable: false });
    expect(tokens(fake)).toBe(2);
  });

  it("that GitHub does not know says which secrets to check", async () => {
    const { fake, failure } = await asking({ ...known, apps: {}, signIn: app() });
    const error = await failure();
    expect(error).toMatchObject({ code: "unauthorized", retryable: false });
    expect(error.message).toContain("GitHub App 12");
    expect(error.message).toContain("_app_id");
    expect(fake.requests).toHaveLength(1);
  });

  it("that is not installed there says which secrets to check", async () => {
    const signIn = app();
    const { failure } = await asking({ ...known, signIn, before: () => json(404, { message: "Not Found" }) });
    const error = await failure();
    expect(error).toMatchObject({ code: "not-found", retryable: false });
    expect(error.message).toContain(`installation ${signIn.installationId}`);
    expect(error.message).toContain("_installation_id");
  });

  it("is tried again after a passing failure", async () => {
    let failed = false;
    const { fake, commit } = await asking({
      ...known,
      signIn: app(),
      before: () => {
        if (failed) return undefined;
        failed = true;
        return json(502, {});
      },
    });
    expect(await commit()).toMatchObject({ repository: "acme/app" });
    expect(fake.requests).toHaveLength(3);
  });

  it.each([
    ["a token that is none", json(201, { token: 1 })],
    ["a token that no header can hold", json(201, { token: "a b", expires_at: "2030-01-01T00:00:00Z" })],
    ["no token", json(201, {})],
    ["no JSON", { status: 201, body: "hello" }],
  ])("takes nothing else for a token: %s", async (_, step) => {
    const { fake, failure } = await asking({ ...known, signIn: app(), before: () => step });
    expect(await failure()).toMatchObject({ code: "malformed", retryable: false });
    expect(fake.requests).toHaveLength(1);
  });

  it.each([
    ["a private key that is none", { privateKey: "-----BEGIN RSA PRIVATE KEY-----" }],
    ["a private key that is empty", { privateKey: "" }],
    ["a public key", { privateKey: APPS[12] }],
    ["an installation that is no number", { installationId: "acme" }],
    ["no app id", { appId: "" }],
  ])("says so where its secrets cannot be used: %s", async (_, wrong) => {
    const { fake, failure } = await asking({ ...known, signIn: app(wrong) });
    const error = await failure();
    expect(error).toMatchObject({ code: "config", retryable: false });
    expect(error.message).toContain(".private_key");
    expect(fake.requests).toHaveLength(0);
  });
});
