import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import {
  formatReference,
  isLoopback,
  nameOf,
  parseCanonical,
  parseReference,
  uriOf,
  withDefaultTag,
} from "../../lib/image/reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const refused = (text: string) => expect(() => parseReference(text));

describe("the name of an image", () => {
  it.each([
    ["alpine", "docker.io/library/alpine"],
    ["alpine:3", "docker.io/library/alpine:3"],
    ["library/alpine", "docker.io/library/alpine"],
    ["org/app", "docker.io/org/app"],
    ["docker.io/alpine", "docker.io/library/alpine"],
    ["docker.io/org/app", "docker.io/org/app"],
    ["index.docker.io/alpine", "docker.io/library/alpine"],
    ["index.docker.io/org/app", "docker.io/org/app"],
    ["localhost/app", "localhost/app"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["LOCALHOST/app", "localhost/app"],
    ["registry:5000/a/b/c", "registry:5000/a/b/c"],
    ["us.gcr.io/p/app", "us.gcr.io/p/app"],
    ["GCR.IO/p/app:V1", "gcr.io/p/app:V1"],
    ["127.0.0.1:5000/app", "127.0.0.1:5000/app"],
    ["[::1]:5000/app:v1", "[::1]:5000/app:v1"],
    ["[FE80::1]/app", "[fe80::1]/app"],
    [`gcr.io/p/app@${DIGEST}`, `gcr.io/p/app@${DIGEST}`],
    [`alpine:3@${DIGEST}`, `docker.io/library/alpine:3@${DIGEST}`],
    ["gcr.io/p/a.b_c__d--e", "gcr.io/p/a.b_c__d--e"],
  ])("%s is %s", (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  it("reads back as what it was, whatever its parts are", () => {
    const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,5}[a-z0-9])?$/);
    const host = fc.oneof(
      fc.constantFrom("localhost", "docker.io", "gcr.io", "[::1]", "[2001:db8::5]:443", "10.0.0.1:5000"),
      fc.tuple(label, fc.integer({ min: 1, max: 65535 })).map(([name, port]) => `${name}x:${port}`),
      fc.tuple(label, fc.constantFrom("dev", "example")).map((labels) => labels.join(".")),
    );
    const component = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,6}){0,3}$/);
    const path = fc.array(component, { minLength: 2, maxLength: 5 }).map((parts) => parts.join("/"));
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: undefined });
    const digest = fc.option(
      fc.uint8Array().map((bytes) => digestOf(bytes, "sha512")),
      { nil: undefined },
    );
    fc.assert(
      fc.property(host, path, tag, digest, (registry, repository, tag, digest) => {
        const text = `${registry}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
        const parsed = parseReference(text);
        expect(parsed).toEqual({
          registry,
          repository,
          ...(tag === undefined ? {} : { tag }),
          ...(digest === undefined ? {} : { digest }),
        });
        expect(formatReference(parsed)).toBe(text);
      }),
    );
  });

  it("is the same once it was normalised, for anything that parses at all", () => {
    const fragment = fc.constantFrom(
      "a",
      "B",
      "docker.io",
      "localhost",
      "x.y",
      ":",
      "/",
      "@",
      "5",
      "-",
      "_",
      "[",
      "::1",
      "]",
      DIGEST,
    );
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 3 }),
        fc.array(fragment, { maxLength: 4 }),
        (host, path) => {
          let once: string;
          try {
            once = formatReference(parseReference(`${host.join("")}/${path.join("")}`));
          } catch (fault) {
            expect(fault).toMatchObject({ name: "VoucherError", code: "usage" });
            return;
          }
          expect(formatReference(parseReference(once))).toBe(once);
          expect(URL.canParse(`https://${parseReference(once).registry}/v2/`)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("what is no image name", () => {
  it.each([
    ["nothing", ""],
    ["a tag alone", ":v1"],
    ["a digest alone", `@${DIGEST}`],
    ["two digests", `gcr.io/p/app@${DIGEST}@${DIGEST}`],
    ["an empty digest", "gcr.io/p/app@"],
    ["a path that climbs", "a/../../x"],
    ["a path that climbs on a host", "gcr.io/p/../../v2/other"],
    ["a dot for a path", "gcr.io/./app"],
    ["an escaped climb", "gcr.io/%2e%2e/app"],
    ["a host without a path", "gcr.io/"],
    ["an empty component", "gcr.io/p//app"],
    ["a slash at the end", "gcr.io/p/app/"],
    ["a slash at the beginning", "/app"],
    ["upper case in the path", "gcr.io/p/App"],
    ["upper case in what can be no host", "Foo/bar"],
    ["a query", "gcr.io/p/app?x=1"],
    ["a scheme", "https://gcr.io/p/app"],
    ["credentials", "user:secret@gcr.io/p/app"],
    ["a space", "gcr.io/p/app v1"],
    ["a final newline", "gcr.io/p/app\n"],
    ["an empty tag", "gcr.io/p/app:"],
    ["a tag that begins with a dash", "gcr.io/p/app:-v1"],
    ["a tag of 129 characters", `gcr.io/p/app:${"t".repeat(129)}`],
    ["three underscores", "gcr.io/p/a___b"],
    ["a component that ends in a dash", "gcr.io/p/app-"],
    ["a port beyond all ports", "gcr.io:65536/p/app"],
    ["a port that is none", "gcr.io:http/p/app"],
    ["an empty port", "gcr.io:/p/app"],
    ["a host that begins with a dash", "-gcr.io/p/app"],
    ["a letter that looks like another", "gсr.io/p/app"],
    ["an IPv6 address that is none", "[::1::2]/app"],
    ["an IPv4 address that is none", "1.2.3.256/app"],
  ])("is a usage error: %s", (_, text) => {
    refused(text).toThrow(expect.objectContaining({ code: "usage", retryable: false }));
  });

  it("is told in one sentence what is wrong", () => {
    refused(`gcr.io/p/app@sha384:${"a".repeat(96)}`).toThrow(/"sha384" is not supported/);
    refused("gcr.io/p/App").toThrow(/"p\/App" is no repository path; upper case is not allowed/);
    refused("a/../../x").toThrow(`can't use "a/../../x" as an image: "a/../../x" is no repository path`);
  });

  it("is quoted in part only, however long it is", () => {
    for (const text of [`${"a.".repeat(100_000)}!/x`, `gcr.io/${"a".repeat(100_000)}`, "@".repeat(100_000)]) {
      refused(text).toThrow(/^.{0,600}$/);
    }
  });
});

describe("the longest names", () => {
  it("has 255 characters in its repository, and 128 in its tag", () => {
    const repository = "a".repeat(255);
    expect(parseReference(`gcr.io/${repository}:${"t".repeat(128)}`)).toMatchObject({ repository });
    refused(`gcr.io/${repository}a`).toThrow(/over 255 characters/);
  });
});

describe("a canonical reference", () => {
  it("keeps the digest and drops the tag", () => {
    const canonical = parseCanonical(`gcr.io/p/app:v1@${DIGEST}`);
    expect(canonical).toEqual({ registry: "gcr.io", repository: "p/app", digest: DIGEST });
    expect(nameOf(canonical)).toBe("gcr.io/p/app");
  });

  it("cannot be had from a tag", () => {
    expect(() => parseCanonical("gcr.io/p/app:v1")).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("a name without tag and digest", () => {
  it("means latest only where somebody asks for the default", () => {
    expect(parseReference("alpine")).not.toHaveProperty("tag");
    expect(withDefaultTag(parseReference("alpine"))).toHaveProperty("tag", "latest");
    expect(withDefaultTag(parseReference("alpine:3"))).toHaveProperty("tag", "3");
    expect(withDefaultTag(parseReference(`alpine@${DIGEST}`))).not.toHaveProperty("tag");
  });
});

describe("a loopback host", () => {
  it.each([
    "localhost",
    "localhost:5000",
    "127.0.0.1",
    "127.8.9.10:80",
    "[::1]",
    "[::1]:5000",
    "a.localhost",
  ])("is this machine: %s", (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    "gcr.io",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "[::2]",
    "notlocalhost",
    "0.0.0.0",
  ])("is not another: %s", (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

describe("the URL that documents name an image by", () => {
  it("has its digest, and no tag", () => {
    const digest = digestOf(Buffer.from("image"));
    const image = { ...parseCanonical(`gcr.io/project/app@${digest}`), tag: "v1" };
    expect(uriOf(image)).toBe(`https://gcr.io/project/app@${digest}`);
  });
});
