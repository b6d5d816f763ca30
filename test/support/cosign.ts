import { join } from "node:path";
import { buildGoPrograms } from "./go-programs.ts";
import { freePort, type RunResult, run, startProcess, type TestProcess } from "./processes.ts";

export const SUMMARY = "https://slsa.dev/verification_summary/v1";

/** The real cosign and crane, as their projects release them. */
export interface SigstoreTools {
  readonly lacking: ReadonlyMap<string, string>;
  /** Runs cosign in `cwd`, which is its home as well, with nothing else of the environment than what is given. */
  cosign(args: readonly string[], cwd: string, env?: { readonly [name: string]: string }): Promise<RunResult>;
  /** Starts the registry that crane has in it: in memory, without the referrers API. */
  craneRegistry(): Promise<CraneRegistry>;
  close(): Promise<void>;
}

export interface CraneRegistry {
  readonly host: string;
  readonly url: string;
  close: TestProcess["close"];
}

/** Builds them: minutes the first time on a machine, seconds from then on. Never throws. */
export async function buildSigstoreTools(): Promise<SigstoreTools> {
  const cosign = await buildGoPrograms("github.com/sigstore/cosign/v3", "v3.1.3", [
    "github.com/sigstore/cosign/v3/cmd/cosign",
  ]);
  const crane = await buildGoPrograms("github.com/google/go-containerregistry", "v0.21.7", [
    "github.com/google/go-containerregistry/cmd/crane",
  ]);
  return {
    lacking: new Map([...cosign.lacking, ...crane.lacking]),
    cosign: (args, cwd, env) =>
      run(join(cosign.folder, "cosign"), args, { cwd, env: { HOME: cwd, COSIGN_PASSWORD: "", ...env } }),
    async craneRegistry() {
      const host = `127.0.0.1:${await freePort()}`;
      const started = await startProcess(
        join(crane.folder, "crane"),
        ["registry", "serve", "--address", host],
        {
          ready: /serving on port|listening/i,
        },
      );
      return { host, url: `http://${host}`, close: started.close };
    },
    async close() {
      await Promise.all([cosign.close(), crane.close()]);
    },
  };
}
