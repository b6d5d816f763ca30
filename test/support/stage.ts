import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import type { Occurrence } from "../../lib/local/grafeas-document.ts";
import type { Before } from "../../lib/local/server.ts";
import { generatePkixKey, type KeyPair } from "../../lib/sign/generate.ts";
import { type Distribution, type DistributionOptions, startDistribution } from "./distribution.ts";
import { type FunctionProcess, type ServeOptions, startFunction } from "./function-process.ts";

export interface StageOptions {
  /** Where the registry announces what is pushed. */
  readonly notify?: DistributionOptions["notify"];
  /** Sees each request to Grafeas first. */
  readonly before?: Before;
  /** How long Grafeas hides a new occurrence from lists, in milliseconds. */
  readonly lagMs?: number;
}

export interface ConfigOptions {
  readonly validRepos?: readonly string[];
  /** Further tables, as TOML. */
  readonly more?: string;
}

/** What every end-to-end test plays on: a real registry, a Grafeas, a key for each check, and functions on demand. */
export interface Stage {
  readonly folder: string;
  readonly registry: Distribution;
  readonly grafeas: LocalGrafeas;
  readonly keys: { readonly [check in CheckName]: KeyPair };
  /** Writes a configuration of diy and nobody; returns its file. */
  configure(options?: ConfigOptions): Promise<string>;
  /** Takes every attestation away, and forgets what Grafeas was asked. */
  withdrawAll(): Promise<void>;
  /** Starts `onPush`, or the function that is asked for; it is closed with the stage. */
  startFunction(
    config: string,
    env?: { readonly [name: string]: string },
    serve?: ServeOptions,
  ): Promise<FunctionProcess>;
  close(): Promise<void>;
}

export type CheckName = "diy" | "nobody";

const PROJECT = "attestors";

export async function openStage({ notify, before, lagMs }: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-stage-"));
  const registry = await startDistribution(notify === undefined ? {} : { notify });
  const grafeas = await startGrafeas({
    notes: [noteOf("diy"), noteOf("nobody")],
    ...(before === undefined ? {} : { before }),
    ...(lagMs === undefined ? {} : { lagMs }),
  });
  const keys = { diy: await generatePkixKey(), nobody: await generatePkixKey() };
  for (const [check, { privateKey }] of Object.entries(keys)) {
    await writeFile(join(folder, `${check}.pem`), privateKey, { mode: 0o600 });
  }
  const functions: FunctionProcess[] = [];
  let written = 0;
  return {
    folder,
    registry,
    grafeas,
    keys,
    async configure({ validRepos = [registry.host], more = "" } = {}) {
      written += 1;
      const file = join(folder, `voucher-${written}.toml`);
      await writeFile(file, tomlOf(grafeas.url, validRepos, more));
      return file;
    },
    async withdrawAll() {
      for (const { name } of grafeas.occurrences()) {
        await fetch(`${grafeas.url}/v1/${name}`, { method: "DELETE" });
      }
      grafeas.traffic.reset();
    },
    async startFunction(config, env, serve) {
      const started = await startFunction(config, env, serve?.target, serve?.port);
      functions.push(started);
      return started;
    },
    async close() {
      await Promise.all(functions.map((one) => one.close()));
      await Promise.all([registry.close(), grafeas.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The attestations that Grafeas holds, as `check digest`, sorted; one that is there twice stands here twice. */
export function attested({ grafeas }: Pick<Stage, "grafeas">): readonly string[] {
  return grafeas
    .occurrences()
    .map((occurrence) => `${checkOf(occurrence)} ${digestOf(occurrence)}`)
    .sort();
}

/** As {@link attested}, for one digest: the checks it is attested for. */
export function checksAttested(stage: Pick<Stage, "grafeas">, digest: string): readonly string[] {
  return stage.grafeas
    .occurrences()
    .filter((occurrence) => digestOf(occurrence) === digest)
    .map(checkOf)
    .sort();
}

export function checkOf({ noteName }: Occurrence): string {
  return noteName.slice(noteName.lastIndexOf("/") + 1);
}

export function digestOf({ resourceUri }: Occurrence): string {
  return resourceUri.slice(resourceUri.indexOf("@") + 1);
}

function noteOf(check: CheckName): string {
  return `projects/${PROJECT}/notes/${check}`;
}

function tomlOf(grafeasUrl: string, validRepos: readonly string[], more: string): string {
  return `
signer = "pkix"
binauth_project = "${PROJECT}"
valid_repos = ${JSON.stringify(validRepos)}

[checks]
diy = true
nobody = true

[[pkix_keys]]
check = "diy"
path = "diy.pem"

[[pkix_keys]]
check = "nobody"
path = "nobody.pem"

[containeranalysis]
endpoint = "${grafeasUrl}"
${more}`;
}
