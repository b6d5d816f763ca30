import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { writeLayout } from "../../lib/local/layout.ts";
import { type LocalRegistry, type RegistryEvent, startRegistry } from "../../lib/local/registry.ts";
import { demoImage, helmChart, sampleImage, sampleIndex } from "../../lib/local/samples.ts";

const run = promisify(execFile);
const skopeo = await run("skopeo", ["--version"]).then(
  () => true,
  () => false,
);
const directories: string[] = [];
const registries: LocalRegistry[] = [];
afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()));
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })));
});

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "voucher-layout-"));
  directories.push(made);
  return made;
}

describe("an OCI image layout", () => {
  it("names the root under its tag and holds all content by digest", async () => {
    const sample = demoImage();
    const folder = await directory();

    await writeLayout(sample, folder, "v1");

    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
    const { annotations, ...root } = index.manifests[0];
    expect(root).toEqual(sample.root);
    expect(annotations).toEqual({ "org.opencontainers.image.ref.name": "v1" });
    const stored = await readFile(join(folder, "blobs", sample.root.digest.replace(":", "/")));
    expect(stored).toEqual(Buffer.from(sample.manifests.at(-1)?.bytes ?? []));
  });
});

describe.skipIf(!skopeo && process.env["CI"] !== "true")("skopeo, where it is installed", () => {
  it.each([
    ["the demo's image", demoImage()],
    ["a single image", sampleImage({ platform: "linux/amd64" })],
    [
      "BuildKit's attestations as artifacts",
      sampleIndex({ images: [sampleImage({ platform: "linux/amd64" })], attestations: "artifact" }),
    ],
    ["a Helm chart", helmChart()],
  ])(
    "copies %s from a layout into the embedded registry, and back, without changing it",
    async (_name, sample) => {
      const events: RegistryEvent[] = [];
      const registry = await startRegistry({ announce: (event) => events.push(event) });
      registries.push(registry);
      const [from, to] = [await directory(), await directory()];
      await writeLayout(sample, from, "v1");

      const image = `docker://${registry.host}/team/app:v1`;
      await run("skopeo", ["copy", "--all", "--dest-tls-verify=false", `oci:${from}:v1`, image]);
      await run("skopeo", ["copy", "--all", "--src-tls-verify=false", image, `oci:${to}:v1`]);

      const index = JSON.parse(await readFile(join(to, "index.json"), "utf8"));
      expect(index.manifests[0].digest).toBe(sample.root.digest);
      expect(events.at(-1)).toEqual({
        action: "INSERT",
        digest: `${registry.host}/team/app@${sample.root.digest}`,
        tag: `${registry.host}/team/app:v1`,
      });
      expect(events).toHaveLength(sample.manifests.length);
    },
  );
});
