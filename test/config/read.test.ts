import { execFileSync } from "node:child_process";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfigFile } from "../../lib/config/read.ts";
import { folderWith } from "./folder.ts";

describe("reading a configuration file", () => {
  it("follows links, as mounted volumes have them", async () => {
    const folder = await folderWith({ "data/config.toml": "dryrun = true" });
    await symlink("data/config.toml", join(folder, "config.toml"));
    expect(await readConfigFile(join(folder, "config.toml"))).toEqual({ dryrun: true });
  });

  it("passes over a byte order mark", async () => {
    const folder = await folderWith({
      "voucher.json": '\uFEFF{"dryrun": true}',
      "voucher.toml": "\uFEFFdryrun = true",
    });
    expect(await readConfigFile(join(folder, "voucher.json"))).toEqual({ dryrun: true });
    expect(await readConfigFile(join(folder, "voucher.toml"))).toEqual({ dryrun: true });
  });

  it("says in one line that there is no such file", async () => {
    const folder = await folderWith({});
    const path = join(folder, "voucher.toml");
    await expect(readConfigFile(path)).rejects.toMatchObject({
      code: "config",
      message: `${path}: cannot be read: there is no such file`,
    });
  });

  it("refuses a folder", async () => {
    const folder = await folderWith({});
    await mkdir(join(folder, "voucher.toml"));
    await expect(readConfigFile(join(folder, "voucher.toml"))).rejects.toThrow("is no regular file");
  });

  it("refuses a pipe without waiting for its writer", async () => {
    const folder = await folderWith({});
    execFileSync("mkfifo", [join(folder, "voucher.toml")]);
    await expect(readConfigFile(join(folder, "voucher.toml"))).rejects.toThrow("is no regular file");
  });

  it("says that it may not read the file", async () => {
    const folder = await folderWith({ "voucher.toml": "" });
    await chmod(join(folder, "voucher.toml"), 0);
    await asNobody(async () => {
      await expect(readConfigFile(join(folder, "voucher.toml"))).rejects.toThrow("this user may not read it");
    });
  });

  it("refuses links that lead in a circle", async () => {
    const folder = await folderWith({});
    await symlink("voucher.toml", join(folder, "voucher.toml"));
    await expect(readConfigFile(join(folder, "voucher.toml"))).rejects.toThrow("its links lead in a circle");
  });

  it("refuses a format that it does not know", async () => {
    const folder = await folderWith({ "voucher.ini": "" });
    await expect(readConfigFile(join(folder, "voucher.ini"))).rejects.toThrow(
      "must end in .toml, .yaml, .yml or .json",
    );
  });

  it("refuses bytes that are no text", async () => {
    const folder = await folderWith({ "voucher.toml": new Uint8Array([0x61, 0xff, 0xfe]) });
    await expect(readConfigFile(join(folder, "voucher.toml"))).rejects.toThrow("is not UTF-8 text");
  });

  it("reads a mebibyte and not a byte more", async () => {
    const line = "# a comment\n";
    const full = line.repeat(Math.floor(1024 ** 2 / line.length)).padEnd(1024 ** 2, "\n");
    const folder = await folderWith({ "full.toml": full, "over.toml": `${full}\n` });
    expect(await readConfigFile(join(folder, "full.toml"))).toEqual({});
    await expect(readConfigFile(join(folder, "over.toml"))).rejects.toThrow("is larger than 1 MiB");
  });
});

/** Root may read everything, so for the time of `action` this process is somebody else. */
async function asNobody(action: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
