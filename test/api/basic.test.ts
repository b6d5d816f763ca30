import { describe, expect, it } from "vitest";
import { basicSignIn } from "../../lib/api/basic.ts";

/** What Voucher's own test of its server signs in with; its hash was made by Go's bcrypt. */
const USERNAME = "vouchertester";
const PASSWORD = "testingvoucher";
const HASH = "$2a$10$.PaOjV8GdqSHSmUtfolsJeF6LsAq/3CNsFCYGb3IoN/mO9xj1c/yG";

const signIn = basicSignIn({ username: USERNAME, passwordHash: HASH });

function basic(text: string, scheme = "Basic"): string {
  return `${scheme} ${Buffer.from(text).toString("base64")}`;
}

describe("a sign-in by name and password", () => {
  it.each(["Basic", "basic", "BASIC"])("is accepted, with the scheme written %s", async (scheme) => {
    expect(await signIn.admits(basic(`${USERNAME}:${PASSWORD}`, scheme))).toBe(true);
  });

  it.each(["$2b$", "$2y$"])(
    "is accepted where the hash begins with %s, as other programs write it",
    async (prefix) => {
      const other = basicSignIn({ username: USERNAME, passwordHash: HASH.replace("$2a$", prefix) });
      expect(await other.admits(basic(`${USERNAME}:${PASSWORD}`))).toBe(true);
    },
  );

  it.each([
    ["another password", basic(`${USERNAME}:testingvouchers`)],
    ["no password", basic(`${USERNAME}:`)],
    ["the hash for a password", basic(`${USERNAME}:${HASH}`)],
    ["another name", basic(`vouchertesters:${PASSWORD}`)],
    ["the name in other letters", basic(`VoucherTester:${PASSWORD}`)],
    ["no name", basic(`:${PASSWORD}`)],
    ["no colon", basic(`${USERNAME}${PASSWORD}`)],
    ["nothing", "Basic "],
    ["what is no base64", "Basic %%%"],
    ["another scheme", basic(`${USERNAME}:${PASSWORD}`, "Bearer")],
    ["no header", undefined],
  ])("is refused with %s", async (_what, authorization) => {
    expect(await signIn.admits(authorization)).toBe(false);
  });

  it("splits at the first colon, so that a password may hold one", async () => {
    const { hash } = await import("bcryptjs");
    const other = basicSignIn({ username: "a", passwordHash: await hash("b:c", 4) });
    expect(await other.admits(basic("a:b:c"))).toBe(true);
  });

  it("costs a wrong name as much as a wrong password", async () => {
    const took = async (credentials: string) => {
      const started = process.hrtime.bigint();
      await signIn.admits(basic(credentials));
      return Number(process.hrtime.bigint() - started);
    };
    await took("warm:up");
    const wrongPassword = await took(`${USERNAME}:wrong`);
    const wrongName = await took(`nobody:${PASSWORD}`);
    // To skip the comparison would take a thousandth of the time.
    expect(wrongName).toBeGreaterThan(wrongPassword / 10);
  });

  it.each(["plain text", "", "$2a$10$short", "$1$salt$hash", `${HASH}x`, "$2a$99$".padEnd(60, "a")])(
    "is a fault of the configuration where the hash is %j, which is not repeated",
    (passwordHash) => {
      const make = () => basicSignIn({ username: USERNAME, passwordHash });
      expect(make).toThrow(/^server\.password is no bcrypt hash; make one with `htpasswd -nBC 10 NAME`/);
      if (passwordHash !== "") expect(make).not.toThrow(passwordHash);
    },
  );
});
