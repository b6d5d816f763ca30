import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLayout } from "../../lib/local/layout.ts";
import type { Sample } from "../../lib/local/samples.ts";
import { runOrThrow } from "./processes.ts";

/** Pushes `sample`, all platforms of it and unchanged, as `host/repository:tag`, by skopeo from an OCI layout. */
export async function skopeoPush(sample: Sample, destination: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-skopeo-"));
  try {
    await writeLayout(sample, folder, "pushed");
    await runOrThrow(
      "skopeo",
      [
        "--insecure-policy",
        "copy",
        "--all",
        "--preserve-digests",
        "--dest-tls-verify=false",
        `oci:${folder}:pushed`,
        `docker://${destination}`,
      ],
      { env: { HOME: folder, XDG_RUNTIME_DIR: folder } },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
