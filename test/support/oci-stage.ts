import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatePkixKey, type KeyPair } from "../../lib/sign/generate.ts";
import { voucher } from "./cli.ts";
import type { RunResult } from "./processes.ts";

export const VERIFIER = "https://voucher.example.com";

export interface OciSettings {
  readonly oci?: { readonly repository?: string; readonly cosign_tags?: boolean };
  /** The key file of nobody; `nobody.pem` where nothing is said. */
  readonly keyOfNobody?: string;
  readonly more?: object;
}

/** A folder with keys of diy, nobody and a newer one of nobody's, and a configuration that keeps attestations in registries. */
export interface OciStage {
  readonly folder: string;
  readonly keys: { readonly [name in "diy" | "nobody" | "newer"]: KeyPair };
  /** Writes the configuration; returns its file. */
  configure(host: string, settings?: OciSettings): Promise<string>;
  /** Runs voucher with it. */
  run(...args: string[]): Promise<RunResult>;
  close(): Promise<void>;
}

export async function openOciStage(): Promise<OciStage> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-oci-"));
  const keys = {
    diy: await generatePkixKey(),
    nobody: await generatePkixKey(),
    newer: await generatePkixKey(),
  };
  for (const [name, { privateKey, publicKey }] of Object.entries(keys)) {
    await writeFile(join(folder, `${name}.pem`), privateKey, { mode: 0o600 });
    await writeFile(join(folder, `${name}.pub`), publicKey);
  }
  return {
    folder,
    keys,
    async configure(host, { oci = {}, keyOfNobody = "nobody.pem", more = {} } = {}) {
      const file = join(folder, "voucher.json");
      const config = {
        valid_repos: [host],
        metadata_client: "oci",
        oci: { verifier_id: VERIFIER, ...oci },
        signer: "pkix",
        pkix_keys: [
          { check: "diy", path: "diy.pem" },
          { check: "nobody", path: keyOfNobody },
        ],
        checks: { diy: true, nobody: true },
        ...more,
      };
      await writeFile(file, JSON.stringify(config));
      return file;
    },
    run: (...args) => voucher(args, { cwd: folder }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
