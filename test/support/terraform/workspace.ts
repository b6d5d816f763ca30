import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunResult, run } from "../processes.ts";
import { TERRAFORM } from "./module.ts";
import { type Plugin, startPlugin } from "./plugin.ts";
import { readSchema } from "./schema.ts";

/** A copy of the folder `terraform/` in which Terraform runs, with a stand-in for the google provider. */
export interface Workspace {
  readonly folder: string;
  /** Runs Terraform in a folder of the copy, for five minutes at the most; `.` is the module's own. */
  terraform(folder: string, ...args: readonly string[]): Promise<RunResult>;
  close(): Promise<void>;
}

const LONGEST_MS = 300_000;

/** Copies the module, since Terraform writes where it works. Asks no registry for anything. */
export async function openWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-terraform-"));
  await cp(TERRAFORM, folder, { recursive: true, filter: (path) => !path.includes(".terraform") });
  const plugin: Plugin = await startPlugin(readSchema());
  return {
    folder,
    terraform: (at, ...args) =>
      run("terraform", [`-chdir=${join(folder, at)}`, ...args], {
        timeout: LONGEST_MS,
        env: { HOME: folder, CHECKPOINT_DISABLE: "1", TF_CLI_ARGS: "-no-color", ...plugin.env },
      }),
    async close() {
      plugin.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
