import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry } from "../../lib/registry/registry.ts";
import { scriptedRegistry } from "../support/scripted-registry.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

setFlagsFromString("--expose-gc");
const collectOnce: () => void = runInNewContext("gc");

/** Collects what nobody holds, and what only finalizers held. */
async function collect(): Promise<void> {
  for (let times = 0; times < 3; times += 1) {
    collectOnce();
    await new Promise((turn) => setTimeout(turn, 10));
  }
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("memory", () => {
  it("stays bounded while eight bodies come in that never end, one byte a piece", async () => {
    const server = fork(fileURLToPath(new URL("../support/endless-server.ts", import.meta.url)));
    const [port] = await once(server, "message");
    const registry = createRegistry({ limits: { manifestBytes: MIB } });
    await collect();
    const before = used();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, used() - before);
    }, 2);

    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => {
        const name = `127.0.0.1:${port}/a/b@${digestOf(Buffer.from(`${at}`))}`;
        return registry.resolve(parseReference(name), signal);
      }),
    );

    clearInterval(watch);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason.code)).toEqual(
      Array(8).fill("limit"),
    );
    // Kept as pieces, what arrived would take a hundred times its eight MiB; this is garbage for the most part.
    expect(most).toBeLessThan(256 * MIB);
    await registry.close();
    server.disconnect();
    await once(server, "exit");
  });

  it("does not grow with the number of images that were resolved", async () => {
    const server = await scriptedRegistry();
    const padding = "x".repeat(32 * 1024);
    const images = Array.from({ length: 600 }, (_, at) =>
      server.image({ os: "linux", architecture: `${at}` }, { user: padding }),
    );
    const registry = createRegistry({ cacheBytes: MIB });
    const resolve = async (from: number, to: number) => {
      for (const { digest } of images.slice(from, to))
        await registry.resolve(server.name(`@${digest}`), signal);
    };
    await resolve(0, 100);
    await collect();
    const before = used();

    await resolve(100, 600);

    await collect();
    expect(used() - before).toBeLessThan(4 * MIB);
    await registry.close();
    await server.close();
  });

  it("holds of a review little more than its documents' bytes, whatever they say", async () => {
    const server = await scriptedRegistry();
    const config = server.blob({ os: "linux", architecture: "amd64" });
    const layer = {
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: config.digest,
      size: 1,
    };
    const images = Array.from({ length: 6 }, (_, at) => {
      const layers = Array.from({ length: 15_000 }, (__, key) => ({ ...layer, annotations: { [key]: "" } }));
      const annotations = Object.fromEntries(
        Array.from({ length: 90_000 }, (__, key) => [`${at}-${key}`, ""]),
      );
      return server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, annotations });
    });
    const index = server.index(images);
    const registry = createRegistry({ cacheBytes: MIB });
    await collect();
    const before = used();

    const resolved = await registry.resolve(server.name(`@${index.digest}`), signal);

    await collect();
    const bytes = images.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeGreaterThan(20 * MIB);
    expect(used() - before).toBeLessThan(bytes);
    expect(resolved).toMatchObject({ images: { length: 6 } });
    await registry.close();
    await server.close();
  });
});
