import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type LoadedConfig, loadConfig } from "../../lib/config/load.ts";
import { VoucherError } from "../../lib/errors.ts";

/** A folder with these files in it, gone when the test is over. */
export async function folderWith(files: { readonly [path: string]: string | Uint8Array }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-config-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Loads one file, given as text, as `./voucher.<format>` with nothing else around it. */
export async function load(
  text: string,
  { format = "toml", ...rest }: { format?: string } & Partial<Parameters<typeof loadConfig>[0]> = {},
): Promise<LoadedConfig> {
  const cwd = await folderWith({ [`voucher.${format}`]: text });
  return await loadConfig({ env: {}, cwd, home: "", ...rest });
}

/** The problems of a configuration that does not load, one a line, without the folder they are in. */
export async function problemsOf(loading: Promise<unknown>): Promise<readonly string[]> {
  const error = await loading.then(
    () => new Error("it loaded"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof VoucherError) || error.code !== "config") throw error;
  return error.message.split("\n").map((line) => line.replace(/^\S*\/(?=[^/\s]+: )/, ""));
}
