import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Before } from "../../lib/local/server.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { type FunctionProcess, startFunction } from "./function-process.ts";

/** The embedded stack, and the function `api` in front of it. */
export interface ApiStage {
  readonly stack: Stack;
  readonly folder: string;
  /** Starts `api` with these settings over those of a server that works; it is closed with the stage. */
  start(settings?: object): Promise<FunctionProcess>;
  /** Writes the configuration that {@link start} would; returns its file. */
  configure(settings?: object): Promise<string>;
  close(): Promise<void>;
}

/** Who may ask a server that is set up with {@link REQUIRE_SIGN_IN}; Voucher's own test of its server has the same. */
export const USERNAME = "vouchertester";
export const PASSWORD = "testingvoucher";
/** Of {@link PASSWORD}, made by Go's bcrypt. */
export const PASSWORD_HASH = "$2a$10$.PaOjV8GdqSHSmUtfolsJeF6LsAq/3CNsFCYGb3IoN/mO9xj1c/yG";
export const REQUIRE_SIGN_IN = { require_auth: true, username: USERNAME, password: PASSWORD_HASH };

const CHECKS = ["diy", "nobody"];

/** `before` sees each request to the registry first. */
export async function openApiStage(before?: Before): Promise<ApiStage> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-api-"));
  const registry = before === undefined ? {} : { registry: { before } };
  const stack = await startStack({ project: "attestors", checks: CHECKS, ...registry });
  for (const check of CHECKS) {
    await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey, { mode: 0o600 });
  }
  const started: FunctionProcess[] = [];
  let written = 0;
  const configure = async (settings: object = {}) => {
    written += 1;
    const file = join(folder, `voucher-${written}.json`);
    await writeFile(file, JSON.stringify({ ...workingSettings(stack), ...settings }));
    return file;
  };
  return {
    stack,
    folder,
    configure,
    async start(settings) {
      const api = await startFunction(await configure(settings), {}, "api");
      started.push(api);
      return api;
    },
    async close() {
      await Promise.all(started.map((one) => one.close()));
      await stack.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function workingSettings({ registry, grafeas }: Stack): object {
  return {
    signer: "pkix",
    binauth_project: "attestors",
    valid_repos: [registry.host],
    checks: { diy: true, nobody: true },
    required: { prod: { nobody: true }, empty: { nobody: false } },
    pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    containeranalysis: { endpoint: grafeas.url },
  };
}
