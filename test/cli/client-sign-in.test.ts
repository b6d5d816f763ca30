import { describe, expect, it } from "vitest";
import { parseServerAddress } from "../../lib/cli/client-address.ts";
import { type AuthMethod, parseAuthMethod, signInTo } from "../../lib/cli/client-sign-in.ts";

const SIGNAL = new AbortController().signal;
const TOKENS = {
  idToken: async (audience: string) => `id token for ${audience}`,
  fromDefaultAccessToken: async (audience: string) => `default token for ${audience}`,
};
const ME = { username: "me", password: "s3cret" };

const headerFor = (address: string, method: AuthMethod, basic = {}) =>
  signInTo(parseServerAddress(address), method, basic, TOKENS)(SIGNAL);
const encoded = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("signing in to a Voucher server", () => {
  it("shows a name and a password", async () => {
    expect(await headerFor("https://voucher.example.com", "basic", ME)).toBe(encoded("me:s3cret"));
    expect(await headerFor("http://localhost:8000", "basic", ME)).toBe(encoded("me:s3cret"));
  });

  it("shows those of the address where no others are given", async () => {
    const address = "https://you:pw@voucher.example.com";

    expect(await headerFor(address, "basic")).toBe(encoded("you:pw"));
    expect(await headerFor(address, "basic", ME)).toBe(encoded("me:s3cret"));
  });

  it.each([{}, { username: "me" }, { password: "s3cret" }, { username: "", password: "" }])(
    "shows nothing without both of them, as in Voucher: %j",
    async (basic) => {
      expect(await headerFor("http://voucher.example.com", "basic", basic)).toBeUndefined();
    },
  );

  it("shows a token that is made for this very server", async () => {
    expect(await headerFor("https://voucher.example.com/api/", "idtoken", ME)).toBe(
      "Bearer id token for https://voucher.example.com/api",
    );
    expect(await headerFor("https://voucher.example.com", "default-access-token")).toBe(
      "Bearer default token for https://voucher.example.com",
    );
  });

  it.each(["basic", "idtoken", "default-access-token"] as const)(
    "sends nothing secret unencrypted: %s",
    (method) => {
      const signIn = () => signInTo(parseServerAddress("http://voucher.example.com"), method, ME, TOKENS);

      expect(signIn).toThrow(/is not sent to voucher\.example\.com unencrypted; .*https:\/\//);
      expect(signIn).toThrow(expect.objectContaining({ message: expect.not.stringContaining("s3cret") }));
    },
  );

  it("is named in any case, as in Voucher, and by no other name", () => {
    expect(parseAuthMethod("IDToken")).toBe("idtoken");
    expect(() => parseAuthMethod("digest")).toThrow(/^invalid auth value: "digest"/);
  });
});
