import { describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { apiOf, blobUrl, isPlain, manifestUrl, tagsUrl } from "../../lib/registry/endpoint.ts";

const schemes = { insecure: ["registry.lan:5000"], secure: ["127.0.0.1:5443"] };

describe("plain http", () => {
  it.each(["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000", "registry.lan:5000"])(
    "is spoken to %s: this machine, or what the user lists",
    (host) => {
      expect(isPlain(host, schemes)).toBe(true);
      expect(apiOf(host, schemes).protocol).toBe("http:");
    },
  );

  it.each([
    "registry.lan",
    "registry.lan:5001",
    "x.registry.lan:5000",
    "127.0.0.1:5443",
    "localhost.example",
    "127.0.0.1.example",
    "128.0.0.1",
    "0.0.0.0",
    "[::]",
    "10.0.0.1",
    "gcr.io",
  ])("is not spoken to %s", (host) => {
    expect(isPlain(host, schemes)).toBe(false);
    expect(apiOf(host, schemes).protocol).toBe("https:");
  });
});

describe("the address of", () => {
  const digest = digestOf(Buffer.from("x"));

  it("a manifest is by its digest, where it has one, else by its tag", () => {
    const url = (name: string) => manifestUrl(parseReference(name), schemes).href;
    expect(url("gcr.io/p/app:v1")).toBe("https://gcr.io/v2/p/app/manifests/v1");
    expect(url(`gcr.io/p/app:v1@${digest}`)).toBe(`https://gcr.io/v2/p/app/manifests/${digest}`);
    expect(() => url("gcr.io/p/app")).toThrow("neither tag nor digest");
  });

  it("blobs and tags is on the host that Docker Hub's API has", () => {
    const alpine = { ...parseReference("alpine"), digest };
    expect(blobUrl(alpine, schemes).href).toBe(
      `https://registry-1.docker.io/v2/library/alpine/blobs/${digest}`,
    );
    expect(tagsUrl(alpine, schemes).href).toBe(
      "https://registry-1.docker.io/v2/library/alpine/tags/list?n=1000",
    );
  });

  it.each([
    { registry: "gcr.io", repository: "p/../../x" },
    { registry: "gcr.io", repository: "p/%2e%2e/x" },
    { registry: "gcr.io", repository: "p?x" },
    { registry: "gcr.io/evil", repository: "x" },
    { registry: "user@evil.example", repository: "x" },
    { registry: "gcr.io", repository: "" },
  ])("no name that climbs or smuggles: %j", (name) => {
    expect(() => manifestUrl({ ...name, tag: "v1" }, schemes)).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });
});
