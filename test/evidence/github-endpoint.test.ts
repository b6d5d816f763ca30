import { describe, expect, it } from "vitest";
import { parseGitHubEndpoint } from "../../lib/evidence/github-endpoint.ts";

describe("the endpoint of GitHub", () => {
  it.each([
    ["https://api.github.com/graphql", "https://api.github.com", "github.com"],
    ["https://api.acme.ghe.com/graphql", "https://api.acme.ghe.com", "acme.ghe.com"],
    ["https://git.acme.example/api/graphql", "https://git.acme.example/api/v3", "git.acme.example"],
    [
      "https://git.acme.example:8443/api/graphql/",
      "https://git.acme.example:8443/api/v3",
      "git.acme.example:8443",
    ],
  ])("%s signs apps in at %s and knows the repositories of %s", (text, rest, host) => {
    expect(parseGitHubEndpoint(text)).toEqual({
      graphql: text.replace(/\/$/, ""),
      rest,
      host,
      local: false,
    });
  });

  it.each(["http://127.0.0.1:9000/graphql", "http://localhost:9000/api/graphql"])(
    "%s stands in for github.com",
    (text) => {
      expect(parseGitHubEndpoint(text)).toMatchObject({ graphql: text, host: "github.com", local: true });
    },
  );

  it.each([
    ["http://api.github.com/graphql", "plain http"],
    ["https://api.github.com", "https://api.github.com/graphql"],
    ["https://github.com/graphql", "https://HOST/api/graphql"],
    ["https://git.acme.example/api/v3", "https://HOST/api/graphql"],
    ["https://me:secret@api.github.com/graphql", "user name or password"],
    ["github.com", "is no https URL"],
  ])("is not %s, and the error says what to write", (text, advice) => {
    expect(() => parseGitHubEndpoint(text)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(advice) }),
    );
  });

  it("shows no password that was written into it", () => {
    expect(() => parseGitHubEndpoint("https://me:secret@api.github.com/graphql")).not.toThrow(/secret/);
  });
});
