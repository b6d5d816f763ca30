import { describe, expect, it } from "vitest";
import { type SignInSettings, signInOf } from "../../lib/api/configured-sign-in.ts";

const HASH = "$2a$10$.PaOjV8GdqSHSmUtfolsJeF6LsAq/3CNsFCYGb3IoN/mO9xj1c/yG";
const OPEN: SignInSettings = { auth: "basic", requireAuth: false, allowedEmails: [] };

describe("the sign-in", () => {
  it("is none where require_auth is false, as with Voucher, even if there is a password", () => {
    expect(signInOf(OPEN)).toBeUndefined();
    expect(signInOf({ ...OPEN, username: "a", password: HASH })).toBeUndefined();
  });

  it("asks for name and password", () => {
    expect(signInOf({ ...OPEN, requireAuth: true, username: "a", password: HASH })).toMatchObject({
      challenge: 'Basic realm="voucher", charset="UTF-8"',
      refusal: "username or password is incorrect",
    });
  });

  it.each([false, true])("asks for an identity token, whatever require_auth is (%s)", (requireAuth) => {
    const settings = { ...OPEN, auth: "oidc" as const, requireAuth };
    expect(signInOf({ ...settings, audience: "https://v", allowedEmails: ["a@b.c"] })).toMatchObject({
      challenge: 'Bearer realm="voucher"',
    });
  });

  it.each([
    ["a name", { password: HASH }, "server.username and server.password"],
    ["a password", { username: "a" }, "server.username and server.password"],
    [
      "an audience",
      { auth: "oidc" as const, allowedEmails: ["a@b.c"] },
      "server.audience and server.allowed_emails",
    ],
    [
      "addresses",
      { auth: "oidc" as const, audience: "https://v" },
      "server.audience and server.allowed_emails",
    ],
  ])("is a fault of the configuration without %s, never an open door", (_what, settings, named) => {
    expect(() => signInOf({ ...OPEN, requireAuth: true, ...settings })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(named) }),
    );
  });
});
