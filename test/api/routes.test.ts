import { describe, expect, it } from "vitest";
import { routeOf } from "../../lib/api/routes.ts";

describe("a request", () => {
  it.each([
    ["POST", "/all", { kind: "check", name: "all" }],
    ["POST", "/is_shopify/", { kind: "check", name: "is_shopify" }],
    ["POST", "/diy/verify", { kind: "verify", name: "diy" }],
    ["POST", "/diy/verify/", { kind: "verify", name: "diy" }],
    ["POST", "/verify", { kind: "check", name: "verify" }],
    ["POST", "/a%2Fb", { kind: "check", name: "a/b" }],
    ["GET", "/services/ping", { kind: "ping" }],
    ["HEAD", "/services/ping", { kind: "ping" }],
  ])("of %s %s is understood", (method, path, route) => {
    expect(routeOf(method, path)).toEqual(route);
  });

  it.each(["/", "", "//", "/diy/other", "/diy/verify/more", "/services/ping/more", "//verify", "/%E0%A4%A"])(
    "of POST %j is told that there is nothing, and what there is",
    (path) => {
      expect(routeOf("POST", path)).toMatchObject({
        kind: "none",
        answer: { status: 404, body: expect.stringContaining("POST /{check or group}/verify") },
      });
    },
  );

  it.each([
    ["GET", "/diy", "POST"],
    ["PUT", "/diy/verify", "POST"],
    ["POST", "/services/ping", "GET, HEAD"],
  ])("of %s %s is told the method that is served", (method, path, allow) => {
    expect(routeOf(method, path)).toMatchObject({
      kind: "none",
      answer: { status: 405, headers: { allow }, body: expect.stringMatching(/^[^\n]+\n$/) },
    });
  });
});
