import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { GitHubSignIn } from "../../lib/evidence/github-sign-in.ts";
import { type Answer, json, type LocalRequest } from "../../lib/local/server.ts";
import { withoutCredentials } from "../../lib/registry/redaction.ts";
import { asking, HEAD, URL, withHead } from "./github-asking.ts";

const TOKEN = "ghp_thisIsTheTokenThatNobodyMaySee0123456";
const PASSWORD = "correct horse battery staple";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

const SIGN_INS: readonly (readonly [string, GitHubSignIn])[] = [
  ["a token", { token: TOKEN }],
  ["a password", { username: "ada", password: PASSWORD }],
  ["an app", { appId: "12", installationId: "900", privateKey: KEY }],
  ["an app whose key cannot be used", { appId: "12", installationId: "901", privateKey: KEY.slice(0, 200) }],
];

/** A server, or a proxy before it, that sends back what it was sent, wherever it can. */
const shown = ({ headers }: LocalRequest) => `you sent ${headers.authorization}`;
const FAULTS: readonly (readonly [string, (request: LocalRequest) => Answer | "drop"])[] = [
  ["401", (request) => json(401, { message: shown(request) }, { "x-echo": shown(request) })],
  ["403", (request) => json(403, { message: shown(request) })],
  ["404 as a page", (request) => ({ status: 404, body: shown(request) })],
  ["429", (request) => json(429, { message: shown(request) }, { "retry-after": "3600" })],
  ["502", (request) => json(502, { message: shown(request) })],
  [
    "a redirect",
    (request) => ({ status: 302, headers: { location: `https://x.example/?${shown(request)}` } }),
  ],
  [
    "GraphQL errors",
    (request) => json(200, { data: null, errors: [{ type: "FORBIDDEN", message: shown(request) }] }),
  ],
  [
    "GraphQL errors of no type",
    (request) => json(200, { errors: [{ message: shown(request), path: [shown(request)] }] }),
  ],
  ["errors of no form", (request) => json(200, { errors: shown(request) })],
  ["an answer of no form", (request) => json(200, { data: shown(request) })],
  ["no JSON", (request) => ({ status: 200, body: shown(request) })],
  ["an answer that breaks off", (request) => ({ ...json(200, { data: shown(request) }), cut: true })],
  ["no answer", () => "drop"],
];

/** All that a person, a log or a debugger can make of what was thrown. */
function everythingOf(thrown: unknown): string {
  const inner = inspect(thrown, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null });
  return `${inner}\n${JSON.stringify(thrown)}\n${thrown instanceof Error ? thrown.stack : ""}`;
}

describe.each(SIGN_INS)("what is shown to sign in with %s", (_, signIn) => {
  it.each(FAULTS)("is in nothing that is thrown or printed: %s", async (_, fault) => {
    const printed: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      const spy = vi.spyOn(stream, "write").mockImplementation((text) => {
        printed.push(String(text));
        return true;
      });
      onTestFinished(() => spy.mockRestore());
    }
    const { fake, source } = await asking({
      repositories: [withHead({})],
      apps: { 12: publicKey.export({ type: "spki", format: "pem" }).toString() },
      signIn,
      before: (request) => (request.path === "/api/graphql" ? fault(request) : undefined),
    });
    const thrown = await source({ url: URL, revision: HEAD }, new AbortController().signal).catch(
      (error: unknown) => error,
    );
    const output = `${everythingOf(thrown)}\n${printed.join("\n")}`;
    expect(thrown).toBeInstanceOf(Error);
    for (const secret of secretsOf(signIn, fake.requests)) expect(output).not.toContain(secret);
  });
});

it("is in nothing that is thrown where signing in itself fails", async () => {
  const signIn = { appId: "12", installationId: "902", privateKey: KEY };
  const { fake, failure } = await asking({
    signIn,
    before: (request) => json(401, { message: shown(request) }),
  });
  const output = everythingOf(await failure());
  for (const secret of secretsOf(signIn, fake.requests)) expect(output).not.toContain(secret);
  expect(output).toContain("you sent");
});

/** Every credential there is, and every one that was sent. */
function secretsOf(signIn: GitHubSignIn, requests: readonly LocalRequest[]): readonly string[] {
  const sent = requests.flatMap(({ headers }) => headers.authorization?.split(" ")[1] ?? []);
  const [, firstLineOfKey = ""] = KEY.split("\n");
  const own =
    "token" in signIn ? [signIn.token] : "password" in signIn ? [signIn.password] : [firstLineOfKey];
  return [...new Set([...own, ...sent])];
}

describe("taking credentials out of a text", () => {
  it("takes the token, wherever it stands", () => {
    expect(withoutCredentials("a secret-token, secret-token", "bearer secret-token")).toBe(
      "a [redacted], [redacted]",
    );
  });

  it("takes name and password together, encoded, and the password alone", () => {
    const encoded = Buffer.from("ada:pass:word").toString("base64");
    const text = `${encoded} ada:pass:word pass:word ada`;
    expect(withoutCredentials(text, `Basic ${encoded}`)).toBe("[redacted] [redacted] [redacted] ada");
  });

  it("leaves the text alone where nothing was shown", () => {
    expect(withoutCredentials("a sentence", undefined)).toBe("a sentence");
    expect(withoutCredentials("a sentence", "bearer a")).toBe("a sentence");
  });
});
