import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identityTokenSignIn } from "../../lib/api/identity-token.ts";
import type { SignIn } from "../../lib/api/sign-in.ts";
import { AUDIENCE, EMAIL, type GoogleIssuer, startGoogleIssuer } from "./google-issuer.ts";

let issuer: GoogleIssuer;
let signIn: SignIn;

beforeEach(async () => {
  issuer = await startGoogleIssuer();
  signIn = identityTokenSignIn({
    audience: AUDIENCE,
    allowedEmails: ["CI@Project.iam.gserviceaccount.com"],
    certificates: issuer.certificates,
  });
});

afterEach(() => issuer.close());

const NOW = Math.floor(Date.now() / 1000);

describe("a sign-in by an identity token", () => {
  it.each(["Bearer", "bearer"])("is accepted, with the scheme written %s", async (scheme) => {
    expect(await signIn.admits(`${scheme} ${issuer.token()}`)).toBe(true);
  });

  it("is accepted from either name that Google has as an issuer", async () => {
    expect(await signIn.admits(`Bearer ${issuer.token({ iss: "accounts.google.com" })}`)).toBe(true);
  });

  it.each([
    ["made out to somebody else", { aud: "https://other.example.com" }],
    ["made out to nobody", { aud: undefined }],
    ["of another issuer", { iss: "https://accounts.example.com" }],
    ["that ran out", { iat: NOW - 7200, exp: NOW - 3600 }],
    ["that is not valid yet", { iat: NOW + 3600, exp: NOW + 7200 }],
    ["that is valid for too long", { exp: NOW + 10 * 86_400 }],
    ["of somebody who may not ask", { email: "other@project.iam.gserviceaccount.com" }],
    ["of an address that nobody verified", { email_verified: false }],
    ["of an address that somebody calls verified", { email_verified: "true" }],
    ["without an address", { email: undefined }],
  ])("is refused with one %s", async (_what, claims) => {
    expect(await signIn.admits(`Bearer ${issuer.token(claims)}`)).toBe(false);
  });

  it.each([
    ["by another key", { key: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey }],
    ["under a key id that nobody knows", { kid: "key-2" }],
    ["under a key id that objects have", { kid: "constructor" }],
    ["by nobody", { alg: "none" }],
    ["with the public key for a secret", { alg: "HS256" }],
  ])("is refused with one that is signed %s", async (_what, how) => {
    expect(await signIn.admits(`Bearer ${issuer.token({}, how)}`)).toBe(false);
  });

  it("is refused where the signature was taken away, as Cloud Run does with a token that it checked itself", async () => {
    const [header, claims] = issuer.token().split(".");
    expect(await signIn.admits(`Bearer ${header}.${claims}.SIGNATURE_REMOVED_BY_GOOGLE`)).toBe(false);
  });

  it.each([undefined, "", "Bearer", "Bearer abc", "Bearer a.b", "Bearer a.b.c.d", "Basic YTpi"])(
    "is refused with the header %j, and Google is not asked",
    async (authorization) => {
      expect(await signIn.admits(authorization)).toBe(false);
      expect(issuer.asked()).toBe(0);
    },
  );

  it("fetches the certificates once for many tokens", async () => {
    for (let at = 0; at < 3; at += 1) expect(await signIn.admits(`Bearer ${issuer.token()}`)).toBe(true);
    expect(issuer.asked()).toBe(1);
  });

  it("is no refusal where the certificates cannot be fetched, and repeats no token", async () => {
    const broken = await startGoogleIssuer({ status: 403 });
    try {
      const token = broken.token();
      const asking = identityTokenSignIn({
        audience: AUDIENCE,
        allowedEmails: [EMAIL],
        certificates: broken.certificates,
      }).admits(`Bearer ${token}`);
      const fault: unknown = await asking.catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: "unavailable", retryable: true });
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(token);
    } finally {
      await broken.close();
    }
  });
});
