import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findConfigFile } from "../../lib/config/find.ts";
import { folderWith } from "./folder.ts";

/** Every place that is searched below a test's own folder, in order of precedence. */
const PLACES = [
  ...["toml", "yaml", "yml", "json"].map((ending) => `work/voucher.${ending}`),
  ...["home/.voucher", "work/config", "work"].flatMap((folder) =>
    ["toml", "json", "yaml", "yml"].map((ending) => `${folder}/config.${ending}`),
  ),
];

async function find(files: readonly string[], env: { readonly [name: string]: string } = {}, file?: string) {
  const folder = await folderWith({
    "work/.keep": "",
    ...Object.fromEntries(files.map((path) => [path, ""])),
  });
  const named = file === undefined ? {} : { file };
  const found = await findConfigFile({
    ...named,
    env,
    cwd: join(folder, "work"),
    home: join(folder, "home"),
  });
  return found?.replace(`${folder}/`, "");
}

describe("the configuration file", () => {
  it.each(PLACES.map((place, rank) => [place, PLACES.slice(rank)] as const))(
    "%s comes before all that are searched later",
    async (place, thereAndLater) => {
      expect(await find(thereAndLater)).toBe(place);
    },
  );

  it("is what --config names, whatever else there is", async () => {
    expect(await find(["work/voucher.toml"], { VOUCHER_CONFIG: "other.toml" }, "mine.toml")).toBe(
      "work/mine.toml",
    );
  });

  it("is else what VOUCHER_CONFIG names", async () => {
    expect(await find(["work/voucher.toml"], { VOUCHER_CONFIG: "../other.yaml" })).toBe("other.yaml");
  });

  it("is searched for where VOUCHER_CONFIG is empty", async () => {
    expect(await find(["work/voucher.toml"], { VOUCHER_CONFIG: "" })).toBe("work/voucher.toml");
  });

  it("need not be there", async () => {
    expect(await find([])).toBeUndefined();
  });

  it("is no folder that happens to have its name", async () => {
    const cwd = await folderWith({ "voucher.json": "" });
    await mkdir(join(cwd, "voucher.toml"));
    expect(await findConfigFile({ env: {}, cwd, home: "" })).toBe(join(cwd, "voucher.json"));
  });

  it("is not passed over where it cannot be looked at", async () => {
    const cwd = await folderWith({ "voucher.json": "" });
    await symlink("voucher.toml", join(cwd, "voucher.toml"));
    await expect(findConfigFile({ env: {}, cwd, home: "" })).rejects.toThrow(
      `${join(cwd, "voucher.toml")}: cannot be looked at: its links lead in a circle`,
    );
  });
});
