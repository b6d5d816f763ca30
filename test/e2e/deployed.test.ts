import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage } from "../../lib/local/samples.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import own from "../../package.json" with { type: "json" };
import { buildIn } from "../support/bundle.ts";
import { bundled } from "../support/bundled.ts";
import { type Deployed, deploy } from "../support/deployed.ts";
import { deliver } from "../support/function-process.ts";
import { run } from "../support/processes.ts";

const FRAMEWORK = "@google-cloud/functions-framework";

describe("what Terraform deploys, with nothing but its own packages", () => {
  let folder: string;
  let stack: Stack;
  let deployed: Deployed;
  let config: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-test-"));
    stack = await startStack({ project: "attestors", checks: ["nobody"] });
    deployed = await deploy();
    const { privateKey } = await generatePkixKey();
    await writeFile(join(folder, "nobody.pem"), privateKey, { mode: 0o600 });
    config = join(folder, "config.json");
    await writeFile(
      config,
      JSON.stringify({
        binauth_project: "attestors",
        containeranalysis: { endpoint: stack.grafeas.url },
        signer: "pkix",
        pkix_keys: [{ check: "nobody", path: "nobody.pem" }],
        checks: { nobody: true },
      }),
    );
  });

  afterAll(async () => {
    await deployed.close();
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is the functions, and nothing of the command line", () => {
    expect(deployed.files).toEqual(
      expect.arrayContaining(["LICENSE", "index.mjs", "package.json", "package-lock.json"]),
    );
    expect(deployed.files.filter((name) => /voucher|\.map$/.test(name))).toEqual([]);
  });

  it("asks for the framework alone, in the version that is tested here", async () => {
    const { dependencies, main } = JSON.parse(await readFile(join(deployed.folder, "package.json"), "utf8"));
    expect(dependencies).toEqual({ [FRAMEWORK]: own.dependencies[FRAMEWORK] });
    expect(main).toBe("index.mjs");
  });

  it("can load each of its parts, those included that are loaded on first need", async () => {
    const parts = (await readdir(join(deployed.folder, "chunks"))).filter((name) => name.endsWith(".mjs"));
    const program = parts.map((name) => `await import("./chunks/${name}");`).join("\n");
    const { code, stderr } = await run(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: deployed.folder,
    });
    expect(parts.length).toBeGreaterThan(10);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("attests what is pushed", async () => {
    const { url } = await deployed.start("onPush", { VOUCHER_CONFIG: config });
    stack.deliverTo(url);
    await pushSample(demoImage(), { url: stack.registry.url, repository: "team/app", tag: "v1" });
    await stack.topic.idle();

    const attested = stack.grafeas.occurrences().length;
    expect(attested).toBe(3); // three platforms of four; one runs as root, and so the index is not attested
  });

  it("hears of scans", async () => {
    const onOccurrence = await deployed.start("onOccurrence", { VOUCHER_CONFIG: config });
    const announced = { name: "projects/p/occurrences/o", kind: "VULNERABILITY" };
    expect(await deliver(onOccurrence, announced)).toBe(204);
  });

  it("serves the API", async () => {
    const { url } = await deployed.start("api", { VOUCHER_CONFIG: config });
    const answer = await fetch(`${url}/services/ping`);
    expect(answer.status).toBe(200);
  });

  it("is the same to the byte when it is built again, so that nothing is deployed that did not change", {
    timeout: 90_000,
  }, async () => {
    const again = await mkdtemp(join(tmpdir(), "voucher-again-"));
    try {
      const dist = await buildIn(again);
      expect(await readFile(join(dist, "voucher.zip"))).toEqual(await readFile(bundled("voucher.zip")));
    } finally {
      await rm(again, { recursive: true, force: true });
    }
  });
});
