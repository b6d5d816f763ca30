import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { bundled } from "../support/bundled.ts";
import { run, runOrThrow } from "../support/processes.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });

describe("the package that npm packs", () => {
  let folder: string;
  let unpacked: string;
  let manifest: { readonly bin: { readonly [name: string]: string }; readonly scripts: object };
  let registry: LocalRegistry;

  /** Unpacked beside nothing but the framework: all else has to be in it. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-package-"));
    const source = join(folder, "source");
    await mkdir(source);
    for (const name of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"])
      await copyFile(join(CHECKOUT, name), join(source, name));
    await cp(dirname(bundled("voucher.mjs")), join(source, "dist"), { recursive: true });
    await runOrThrow("npm", ["pack", "--silent", "--pack-destination", folder], {
      cwd: source,
      env: { HOME: folder },
    });
    const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
    await runOrThrow("tar", ["-xzf", join(folder, tarball), "-C", folder]);
    unpacked = join(folder, "package");
    const framework = "node_modules/@google-cloud/functions-framework";
    await mkdir(join(unpacked, dirname(framework)), { recursive: true });
    await symlink(join(CHECKOUT, framework), join(unpacked, framework));
    manifest = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8"));
    registry = await startRegistry();
    await pushSample(IMAGE, { url: registry.url, repository: "team/app", tag: "v1" });
  });

  afterAll(async () => {
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function bin(name: string, ...args: readonly string[]) {
    return run(process.execPath, [join(unpacked, manifest.bin[name] ?? ""), ...args], {
      cwd: folder,
      env: { HOME: folder },
    });
  }

  it("holds what it promises and nothing of the checkout, and runs no script where it is installed", async () => {
    expect((await readdir(unpacked)).sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "README.md", "dist", "node_modules", "package.json"].sort(),
    );
    const atInstall = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
  });

  it("has both commands", async () => {
    const version = /\d+\.\d+\.\d+\n$/;
    expect(await bin("voucher", "--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(version),
    });
    expect(await bin("voucher_client", "--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(version),
    });
    const resolved = await bin("voucher", "resolve", `${registry.host}/team/app:v1`, "-q");
    expect(resolved).toEqual({ code: 0, stdout: `${IMAGE.root.digest}\n`, stderr: "" });
  });

  it("has the functions", async () => {
    const config = join(folder, "voucher.json");
    await writeFile(config, JSON.stringify({ signer: "kms" }));
    const framework = join(unpacked, "node_modules/@google-cloud/functions-framework/build/src/main.js");
    const { code, stdout } = await run(
      process.execPath,
      [framework, `--source=${join(unpacked, "dist/index.mjs")}`, "--target=api", "--port=0"],
      { env: { VOUCHER_CONFIG: config, NODE_ENV: "production" } },
    );

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      message: "the function cannot start",
      error: { message: expect.stringContaining("no store for attestations is configured") },
    });
  });
});
