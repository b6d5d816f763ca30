import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pass } from "../../lib/check/contract.ts";
import { nobody } from "../../lib/check/nobody.ts";
import { parseImageConfig } from "../../lib/image/image-config.ts";
import { bundled } from "../support/bundled.ts";
import { install } from "../support/deployed.ts";
import { readDockerfile } from "../support/dockerfile.ts";
import { platformImage } from "../support/fake-images.ts";
import { evidenceOf } from "../support/fake-ports.ts";
import { untilAnswered } from "../support/function-process.ts";
import { freePort, run, startProcess } from "../support/processes.ts";

/** No container engine is needed: what the Dockerfile says is done by hand, but for the base image. */
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const { command, copies, env, user } = readDockerfile();

describe("the container that the Dockerfile describes", () => {
  let root: string;
  let config: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "voucher-container-"));
    for (const { from, to } of copies) {
      const source = from === "dist" ? join(bundled("index.mjs"), "..") : join(CHECKOUT, from);
      const target = from === "dist" ? join(root, to) : join(root, to, from);
      await cp(source, target, { recursive: true, filter: (file) => !/\.(map|zip)$/.test(file) });
    }
    await install(root);
    config = join(root, "config.json");
    await writeFile(config, JSON.stringify({ dryrun: true, checks: { nobody: true } }));
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  it.each(["onPush", "onOccurrence", "api"])("serves %s where FUNCTION_TARGET says so", async (target) => {
    const port = await freePort();
    const [entry, ...args] = command;
    const serving = await startProcess(process.execPath, args, {
      cwd: root,
      env: { ...env, FUNCTION_TARGET: target, PORT: String(port), VOUCHER_CONFIG: config },
    });
    try {
      await untilAnswered(serving, `http://127.0.0.1:${port}`);
      expect(entry).toBe("/nodejs/bin/node");
    } finally {
      await serving.close();
    }
  });

  it("passes the check nobody, by a number, which Kubernetes asks for", async () => {
    const document = { os: "linux", architecture: "amd64", config: { User: user } };
    const config = parseImageConfig(Buffer.from(JSON.stringify(document)));
    expect(await nobody.judge(evidenceOf(platformImage("linux/amd64"), async () => config))).toEqual(pass);
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it("is the command line too", async () => {
    const { code, stdout } = await run(process.execPath, ["voucher.mjs", "subscribe", "--help"], {
      cwd: root,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("--subscription");
  });
});
