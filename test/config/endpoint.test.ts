import { describe, expect, it } from "vitest";
import { parseEndpoint, parseHost, parseLoopbackHost, parseOrigin } from "../../lib/config/endpoint.ts";

describe("an endpoint", () => {
  it.each([
    ["https://containeranalysis.googleapis.com/", "https://containeranalysis.googleapis.com"],
    ["https://github.example.com/api/graphql", "https://github.example.com/api/graphql"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://localhost:8080/base/", "http://localhost:8080/base"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("%s is asked at %s", (written, asked) => {
    expect(parseEndpoint(written)).toBe(asked);
  });

  it.each([
    "http://example.com",
    "http://169.254.169.254",
    "http://127.0.0.1.example.com",
    "http://0.0.0.0:80",
    "http://localhost@example.com",
  ])("%s is refused, since http:// is for loopback hosts only", (written) => {
    expect(() => parseEndpoint(written)).toThrow(/loopback hosts only|user name/);
  });

  it.each(["example.com", "ftp://example.com", "https://", "", "file:///etc/passwd"])(
    "%j is refused",
    (written) => {
      expect(() => parseEndpoint(written)).toThrow("write an https:// address");
    },
  );

  it("is refused with a query, which no request would keep", () => {
    expect(() => parseEndpoint("https://example.com/?key=1")).toThrow("leave out the query");
  });

  it("is refused with a password in it, without showing the password", () => {
    expect(() => parseEndpoint("https://me:hunter2@example.com")).toThrow(
      /^(?!.*hunter2).*user name or password/,
    );
  });
});

describe("a trusted realm", () => {
  it("is an origin, in the one spelling that is compared", () => {
    expect(parseOrigin("https://AUTH.example.com:443")).toBe("https://auth.example.com");
  });

  it("is refused with a path", () => {
    expect(() => parseOrigin("https://auth.example.com/token")).toThrow("write the origin alone");
  });
});

describe("a registry host", () => {
  it.each(["registry.internal:5000", "localhost", "10.0.0.1", "[::1]:5000"])("may be %s", (host) => {
    expect(parseHost(host)).toBe(host);
  });

  it.each(["https://registry.internal", "registry.internal/path", "registry", "a b", "*.internal", ""])(
    "cannot be %j",
    (host) => {
      expect(() => parseHost(host)).toThrow("write a registry's host");
    },
  );

  it("that speaks TLS on this machine is a loopback host", () => {
    expect(parseLoopbackHost("127.0.0.1:5443")).toBe("127.0.0.1:5443");
    expect(() => parseLoopbackHost("registry.internal:5000")).toThrow("only loopback hosts");
  });
});
