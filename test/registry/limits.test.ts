import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { DEFAULT_LIMITS, type Limits } from "../../lib/image/limits.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { type Listing, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const registries: Registry[] = [];
let server: ScriptedRegistry;

beforeEach(async () => {
  server = await scriptedRegistry();
});

afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()));
  await server.close();
});

function resolve({ digest }: Listing, limits: Partial<Limits>) {
  const registry = createRegistry({ limits });
  registries.push(registry);
  return registry.resolve(server.name(`@${digest}`), signal);
}

function images(count: number): Listing[] {
  return Array.from({ length: count }, (_, at) => server.image({ os: "linux", architecture: `cpu${at}` }));
}

function nested(depth: number): Listing {
  return server.index(depth === 1 ? images(1) : [nested(depth - 1)]);
}

function passed(setting: string) {
  return { code: "limit", retryable: false, message: expect.stringContaining(`limits.${setting}`) };
}

describe("a limit", () => {
  it("has the default that the design gives it", () => {
    expect(DEFAULT_LIMITS).toEqual({
      manifestBytes: 4_194_304,
      configBytes: 4_194_304,
      reviewBytes: 67_108_864,
      children: 128,
      depth: 3,
      documents: 512,
      requestsPerHost: 8,
      requestsPerInstance: 64,
    });
  });

  it("of children refuses an index with one more, before any child is asked for", async () => {
    await expect(resolve(server.index(images(3)), { children: 3 })).resolves.toMatchObject({ kind: "index" });
    const before = server.seen.length;
    await expect(resolve(server.index(images(4)), { children: 3 })).rejects.toMatchObject(passed("children"));
    expect(server.seen.length - before).toBe(1);
  });

  it("of children refuses a nested index with one more, alone", async () => {
    const index = server.index([...images(1), server.index(images(4))]);
    await expect(resolve(index, { children: 3 })).resolves.toMatchObject({
      images: { length: 1 },
      unresolved: [{ error: passed("children") }],
    });
  });

  it("of depth refuses an index that is nested one deeper, and asks for none of its children", async () => {
    await expect(resolve(nested(3), {})).resolves.toMatchObject({ images: { length: 1 }, unresolved: [] });
    const before = server.seen.length;
    await expect(resolve(nested(4), {})).resolves.toMatchObject({
      images: [],
      unresolved: [{ error: passed("depth") }],
    });
    expect(server.seen.length - before).toBe(4);
  });

  it("of documents ends the whole review", async () => {
    await expect(resolve(server.index(images(3)), { documents: 7 })).resolves.toMatchObject({
      kind: "index",
    });
    await expect(resolve(server.index(images(3)), { documents: 6 })).rejects.toMatchObject(
      passed("documents"),
    );
  });

  it("of bytes of a review ends the whole review", async () => {
    const index = server.index(images(3));
    await expect(resolve(index, { reviewBytes: index.size + 10 })).rejects.toMatchObject(
      passed("review_bytes"),
    );
  });

  it("of bytes of a review counts what a registry sends in place of what it was asked for", async () => {
    const children = images(20);
    const index = server.index(children);
    for (const { digest } of children) {
      server.on(`/v2/team/app/manifests/${digest}`, (_, response) => void response.end(" ".repeat(9_000)));
    }
    const limits = { manifestBytes: 10_000, reviewBytes: 40_000, requestsPerHost: 1 };

    await expect(resolve(index, limits)).rejects.toMatchObject(passed("review_bytes"));
    expect(server.seen.length).toBeLessThan(6);
  });

  it("of bytes of a manifest refuses one that has more, whatever it declares", async () => {
    const index = server.index(images(1));
    await expect(resolve(index, { manifestBytes: index.size })).resolves.toMatchObject({ kind: "index" });
    await expect(resolve(index, { manifestBytes: index.size - 1 })).rejects.toMatchObject(
      passed("manifest_bytes"),
    );
  });

  it("of bytes of a manifest refuses a child that declares more, without asking for it", async () => {
    const index = server.index(images(1).map((child) => ({ ...child, size: 5_000_000_000 })));
    await expect(resolve(index, {})).resolves.toMatchObject({
      unresolved: [{ error: passed("manifest_bytes") }],
    });
    expect(server.seen).toHaveLength(1);
  });

  it("of bytes of a config refuses one that declares more, without asking for it", async () => {
    const config = {
      mediaType: OCI_CONFIG,
      digest: digestOf(Buffer.from("x")),
      size: Number.MAX_SAFE_INTEGER,
    };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image, {})).rejects.toMatchObject(passed("config_bytes"));
    expect(server.seen).toHaveLength(1);
  });

  it("of bytes of a config refuses one that has more, whatever it declares", async () => {
    const bytes = { os: "linux", architecture: "amd64", padding: "x".repeat(2000) };
    const config = { ...server.blob(bytes), size: 10 };
    const image = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });

    await expect(resolve(image, { configBytes: 1000 })).rejects.toMatchObject(passed("config_bytes"));
  });

  it.each([
    ["of requests at once per review", { requestsPerHost: 3 }],
    ["of requests at once per instance", { requestsPerInstance: 3 }],
  ])("%s is kept", async (_, limits) => {
    const index = server.index(images(10));
    let now = 0;
    let most = 0;
    server.on("/v2/*", (request, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        server.serve(request, response);
      }, 5);
    });

    await resolve(index, limits);

    expect(most).toBe(3);
  });
});
