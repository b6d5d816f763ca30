import { describe, expect, it } from "vitest";
import { parseServerAddress, questionUrl } from "../../lib/cli/client-address.ts";

describe("the address of a Voucher server", () => {
  it.each([
    ["https://voucher.example.com", "https://voucher.example.com"],
    ["https://voucher.example.com/", "https://voucher.example.com"],
    ["https://voucher.example.com:8443/api//", "https://voucher.example.com:8443/api"],
    ["HTTP://Localhost:8000", "http://localhost:8000"],
    ["voucher.example.com", "https://voucher.example.com"],
    ["localhost:8000", "https://localhost:8000"],
  ])("is read: %s", (text, base) => {
    expect(parseServerAddress(text).base).toBe(base);
  });

  it.each([
    ["https://voucher.example.com", true],
    ["http://localhost:8000", true],
    ["http://127.0.0.1:8000", true],
    ["http://[::1]:8000", true],
    ["http://voucher.example.com", false],
    ["http://10.0.0.7", false],
    ["http://localhost.example.com", false],
    ["http://127.0.0.1.example.com", false],
  ])("keeps secrets on the way, or not: %s", (text, confidential) => {
    expect(parseServerAddress(text).confidential).toBe(confidential);
  });

  it("may hold a name and a password, which are no part of what is printed", () => {
    const { base, credentials } = parseServerAddress("https://me:s%40cret@voucher.example.com/api");

    expect(base).toBe("https://voucher.example.com/api");
    expect(credentials).toEqual({ username: "me", password: "s@cret" });
  });

  it.each([
    ["nothing", ""],
    ["a colon and no scheme", ":8000"],
    ["another scheme", "ftp://voucher.example.com"],
    ["a query", "https://voucher.example.com/?check=all"],
    ["a fragment", "https://voucher.example.com/#all"],
    ["a space", "https://voucher example.com"],
  ])("is refused where it is written with %s", (_what, text) => {
    expect(() => parseServerAddress(text)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.not.stringContaining("\n") }),
    );
  });

  it.each(["https://me:s3cret@voucher example.com", "me:s3cret@voucher example.com"])(
    "is refused without repeating the password in it: %s",
    (text) => {
      expect(() => parseServerAddress(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
      );
    },
  );
});

describe("a question to a Voucher server", () => {
  const server = parseServerAddress("https://voucher.example.com/api/");

  it("is asked under the name of the check or group, as Voucher's routes have it", () => {
    expect(questionUrl(server, "is_shopify", "check")).toBe("https://voucher.example.com/api/is_shopify");
    expect(questionUrl(server, "all", "verify")).toBe("https://voucher.example.com/api/all/verify");
  });

  it.each(["", "..", ".", "../services/ping", "a/b", "a?b", "a%2fb", "a b", "-a"])(
    "is not asked under a name that would lead elsewhere: %j",
    (check) => {
      expect(() => questionUrl(server, check, "check")).toThrow(/is no name of a check or group/);
    },
  );
});
