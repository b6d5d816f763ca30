import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { algorithmOf, hexOf } from "../image/digest.ts";
import { OCI_INDEX } from "../image/media-types.ts";
import { descriptorJson, jsonBytes, type Sample } from "./sample.ts";

/**
 * Writes `sample` into `directory` (made where it is missing) as an OCI image layout, for tools that read one:
 * `skopeo copy --all oci:DIRECTORY:TAG …`. OCI image specification, image layout 1.0.0.
 */
export async function writeLayout(sample: Sample, directory: string, tag = "latest"): Promise<void> {
  for (const { digest, bytes } of [...sample.blobs, ...sample.manifests]) {
    const folder = join(directory, "blobs", algorithmOf(digest));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, hexOf(digest)), bytes);
  }
  const annotations = { ...sample.root.annotations, "org.opencontainers.image.ref.name": tag };
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [descriptorJson({ ...sample.root, annotations })],
  };
  await writeFile(join(directory, "index.json"), jsonBytes(index));
  await writeFile(join(directory, "oci-layout"), jsonBytes({ imageLayoutVersion: "1.0.0" }));
}
