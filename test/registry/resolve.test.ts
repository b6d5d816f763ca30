import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatPlatform } from "../../lib/image/platform.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64", variant: "v8" };

let server: ScriptedRegistry;
let registry: Registry;
const { signal } = new AbortController();

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry();
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

describe("an index of two platforms", () => {
  it("is resolved into both, in its own order, with five requests", async () => {
    const { digest } = server.index([server.image(ARM64), server.image(AMD64)], { tag: "v1" });

    const resolved = await registry.resolve(server.name(":v1"), signal);

    expect(resolved).toMatchObject({ kind: "index", reference: { digest }, skipped: [], unresolved: [] });
    expect(
      resolved.kind === "index" && resolved.images.map(({ platform }) => formatPlatform(platform)),
    ).toEqual(["linux/arm64/v8", "linux/amd64"]);
    expect(server.seen).toHaveLength(5);
  });
});
