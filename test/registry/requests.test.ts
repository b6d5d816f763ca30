import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { IN_TOTO, MANIFEST_ACCEPT, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { type Listing, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry();
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

function images(count: number): Listing[] {
  return Array.from({ length: count }, (_, at) => server.image({ os: "linux", architecture: `cpu${at}` }));
}

function attestation({ digest }: Listing): Listing {
  const layers = [{ mediaType: IN_TOTO, digest, size: 1 }];
  return {
    ...server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: server.blob({}), layers }),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": digest,
    },
  };
}

function resolve({ digest }: Listing) {
  return registry.resolve(server.name(`@${digest}`), signal);
}

describe("a cold instance", () => {
  it.each([1, 2, 4, 30])("asks 2N+1 times for an index of %d images", async (count) => {
    await resolve(server.index(images(count)));
    expect(server.seen).toHaveLength(2 * count + 1);
  });

  it("asks once more for each attestation that BuildKit stored beside them", async () => {
    const children = images(4);
    await resolve(server.index([...children, ...children.map(attestation)]));
    expect(server.seen).toHaveLength(2 * 4 + 1 + 4);
  });

  it("asks twice for a single image", async () => {
    await resolve(server.image({ os: "linux", architecture: "amd64" }));
    expect(server.seen).toHaveLength(2);
  });

  it("asks 2N+1 times for a burst of N children's events and the index's own", async () => {
    const children = images(4);
    const index = server.index(children);

    await Promise.all([...children, index, index].map(resolve));

    expect(server.seen).toHaveLength(2 * 4 + 1);
  });

  it("asks once for one tag, however many ask at the same time", async () => {
    server.image({ os: "linux", architecture: "amd64" }, { tag: "v1" });

    await Promise.all(Array.from({ length: 10 }, () => registry.resolve(server.name(":v1"), signal)));

    expect(server.seen).toHaveLength(2);
  });

  it("needs three round trips: a config is asked for while a sibling's manifest is still on its way", async () => {
    const [quick, slow] = images(2) as [Listing, Listing];
    const configAsked = Promise.withResolvers<void>();
    server.on("/v2/team/app/blobs/*", (request, response) => {
      configAsked.resolve();
      server.serve(request, response);
    });
    server.on(`/v2/team/app/manifests/${slow.digest}`, async (request, response) => {
      await configAsked.promise;
      server.serve(request, response);
    });

    await expect(resolve(server.index([slow, quick]))).resolves.toMatchObject({ images: { length: 2 } });
  });

  it("needs one round trip more for a nested index, though a sibling of it is slow", async () => {
    const [inner, slow] = images(2) as [Listing, Listing];
    const nested = server.index([inner]);
    const innerAsked = Promise.withResolvers<void>();
    server.on(`/v2/team/app/manifests/${inner.digest}`, (request, response) => {
      innerAsked.resolve();
      server.serve(request, response);
    });
    server.on(`/v2/team/app/manifests/${slow.digest}`, async (request, response) => {
      await innerAsked.promise;
      server.serve(request, response);
    });

    await expect(resolve(server.index([slow, nested]))).resolves.toMatchObject({ images: { length: 2 } });
  });
});

describe("a warm instance", () => {
  it("asks nothing for a digest that it knows", async () => {
    const index = server.index(images(3));
    await resolve(index);
    const before = server.seen.length;

    await resolve(index);

    expect(server.seen.length - before).toBe(0);
  });

  it("asks once for a tag", async () => {
    server.index(images(3), { tag: "v1" });
    await registry.resolve(server.name(":v1"), signal);
    const before = server.seen.length;

    await registry.resolve(server.name(":v1"), signal);

    expect(server.seen.length - before).toBe(1);
  });

  it("asks nothing for the digest of a tag that it resolved", async () => {
    const index = server.index(images(1), { tag: "v1" });
    await registry.resolve(server.name(":v1"), signal);
    const before = server.seen.length;

    await resolve(index);

    expect(server.seen.length - before).toBe(0);
  });

  it("asks again what another repository is said to hold: that it can be fetched there is a fact of its own", async () => {
    const image = server.image({ os: "linux", architecture: "amd64" });
    await resolve(image);
    const elsewhere = { ...server.name(`@${image.digest}`), repository: "team/other" };

    await expect(registry.resolve(elsewhere, signal)).rejects.toMatchObject({ code: "not-found" });
  });

  it("does not remember a failure", async () => {
    const digest = digestOf(Buffer.from("soon"));
    await expect(registry.resolve(server.name(`@${digest}`), signal)).rejects.toMatchObject({
      code: "not-found",
    });
    server.manifest("soon");

    await expect(registry.resolve(server.name(`@${digest}`), signal)).rejects.toMatchObject({
      code: "malformed",
    });
  });

  it("forgets what does not fit its cache, and asks again", async () => {
    await registry.close();
    registry = createRegistry({ cacheBytes: 8 * 1024 });
    const [first, ...rest] = images(20) as [Listing, ...Listing[]];
    await resolve(first);
    for (const image of rest) await resolve(image);
    const before = server.seen.length;

    await resolve(first);

    expect(server.seen.length - before).toBe(2);
  });
});

describe("Docker Hub", () => {
  it.each(["alpine", "docker.io/library/alpine", "index.docker.io/library/alpine:latest"])(
    "is asked for %s under the name that its API has",
    async (name) => {
      const hub = await scriptedRegistry(selfSigned(["registry-1.docker.io"]));
      const paths: string[] = [];
      hub.on("/*", (request, response) => {
        paths.push(request.url ?? "");
        response.end('{"schemaVersion":2,"manifests":[]}');
      });
      const client = createRegistry({ connect: connectTo({ "registry-1.docker.io": hub }) });

      const resolved = await client.resolve(parseReference(name), signal);

      expect(paths).toEqual(["/v2/library/alpine/manifests/latest"]);
      expect(resolved.reference).toMatchObject({ registry: "docker.io", repository: "library/alpine" });
      await client.close();
      await hub.close();
    },
  );
});

describe("a request", () => {
  it("for a manifest accepts the four types, and nothing compressed; none pings or looks ahead", async () => {
    await resolve(server.index(images(1)));

    const manifests = server.seen.filter(({ path }) => path.includes("/manifests/"));
    expect(manifests.map(({ headers }) => headers.accept)).toEqual([MANIFEST_ACCEPT, MANIFEST_ACCEPT]);
    expect(server.seen.map(({ headers }) => headers["accept-encoding"])).toEqual(Array(3).fill("identity"));
    expect(server.seen.map(({ method }) => method)).toEqual(Array(3).fill("GET"));
    expect(server.seen.map(({ path }) => path)).not.toContain("/v2/");
  });

  it("is not made for a name that climbs out of its path", async () => {
    const climbing = { ...server.name(":v1"), repository: "a/../../secrets" };
    await expect(registry.resolve(climbing, signal)).rejects.toMatchObject({ code: "usage" });
    await expect(registry.resolve({ ...server.name(""), tag: "../x" }, signal)).rejects.toMatchObject({
      code: "usage",
    });
    expect(server.seen).toHaveLength(0);
  });
});
