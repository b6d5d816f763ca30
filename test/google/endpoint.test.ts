import { describe, expect, it } from "vitest";
import { parseEndpoint } from "../../lib/google/endpoint.ts";

describe("an endpoint", () => {
  it("is https, and loses the slash at its end", () => {
    expect(parseEndpoint("https://containeranalysis.googleapis.com/", "containeranalysis.endpoint")).toEqual({
      base: "https://containeranalysis.googleapis.com",
      local: false,
    });
  });

  it("may lie below a path", () => {
    expect(parseEndpoint("https://proxy.example/google/", "x").base).toBe("https://proxy.example/google");
  });

  it.each(["http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:8080", "http://2130706433"])(
    "may be plain http on this machine: %s",
    (text) => {
      expect(parseEndpoint(text, "x").local).toBe(true);
    },
  );

  it.each([
    ["http://containeranalysis.googleapis.com", /plain http/],
    ["http://localhost.evil.example", /plain http/],
    ["http://10.0.0.1", /plain http/],
    ["https://user:secret@host", /user name or password/],
    ["https://host?x=1", /question mark/],
    ["ftp://host", /no https URL/],
    ["containeranalysis.googleapis.com", /no https URL/],
    ["", /no https URL/],
  ])("is refused: %s", (text, why) => {
    expect(() => parseEndpoint(text, "kms.endpoint")).toThrow(why);
    expect(() => parseEndpoint(text, "kms.endpoint")).toThrow(/kms\.endpoint/);
  });

  it("never shows a password in its error", () => {
    expect(() => parseEndpoint("https://user:secret@host", "x")).not.toThrow(/secret/);
  });
});
