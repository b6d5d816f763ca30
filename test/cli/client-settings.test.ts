import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClientSettings } from "../../lib/cli/client-settings.ts";

const DEFAULTS = {
  server: "http://localhost:8000",
  check: "all",
  auth: "basic",
  username: "",
  password: "",
  timeout: 240,
};

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "voucher-client-settings-"));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFile(join(home, name), text);
const read = (
  flags: Parameters<typeof readClientSettings>[0] = {},
  env: { readonly [name: string]: string } = {},
) => readClientSettings(flags, { env, cwd: home, home });

describe("the settings of Voucher's client", () => {
  it("are Voucher's defaults where nothing else is said", async () => {
    expect(await read()).toEqual({ settings: DEFAULTS, warnings: [] });
  });

  it.each([
    [".voucher.toml", 'server = "https://v.example.com"\nusername = "me"\npassword = "pw"\ntimeout = 30\n'],
    [".voucher.yaml", 'server: "https://v.example.com"\nusername: me\npassword: pw\ntimeout: 30\n'],
    [".voucher.yml", "Server: https://v.example.com\nUSERNAME: me\npassword: pw\ntimeout: '30'\n"],
    [".voucher.json", '{"server":"https://v.example.com","username":"me","password":"pw","timeout":30}'],
  ])("are read from ~/%s", async (name, text) => {
    await write(name, text);

    expect(await read()).toEqual({
      settings: {
        ...DEFAULTS,
        server: "https://v.example.com",
        username: "me",
        password: "pw",
        timeout: 30,
      },
      file: join(home, name),
      warnings: [],
    });
  });

  it("come from the first file in Voucher's order, and a folder is none", async () => {
    await mkdir(join(home, ".voucher.json"));
    await write(".voucher.yaml", "check: from-yaml");
    await write(".voucher.toml", 'check = "from-toml"');

    expect((await read()).settings.check).toBe("from-toml");
  });

  it("come from the file that is named", async () => {
    await write(".voucher.toml", 'check = "from-home"');
    await write("mine.yaml", "check: mine\npassword: 12345\n");

    const { settings, file } = await read({ file: "mine.yaml" });

    expect(settings).toMatchObject({ check: "mine", password: "12345" });
    expect(file).toBe(join(home, "mine.yaml"));
  });

  it("come from flags before the environment, and from it before the file", async () => {
    await write(
      ".voucher.toml",
      'server = "https://file"\nusername = "file"\npassword = "file"\ntimeout = 1\n',
    );

    const { settings } = await read({ username: "flag" }, { USERNAME: "env", PASSWORD: "env", TIMEOUT: "7" });

    expect(settings).toMatchObject({ server: "https://file", username: "flag", password: "env", timeout: 7 });
  });

  it("do not come from the environment where there is no file, as in Voucher: USERNAME means many things", async () => {
    expect((await read({}, { USERNAME: "somebody", SERVER: "elsewhere", CHECK: "x" })).settings).toEqual(
      DEFAULTS,
    );
  });

  it("come with a warning for a key that is unknown", async () => {
    await write(".voucher.toml", 'sever = "https://v.example.com"\n');

    const { settings, warnings } = await read();

    expect(settings).toEqual(DEFAULTS);
    expect(warnings).toEqual([expect.stringMatching(/\.voucher\.toml: sever is no setting of the client/)]);
  });

  it.each([
    ["a file that is not there", { file: "none.toml" }, "there is no such file"],
    ["a file of another format", { file: "none.ini" }, "must end in"],
    ["a time that is none", { timeout: Number.NaN }, "timeout: must be a number of seconds"],
    ["no time at all", { timeout: 0 }, "timeout: must be a number of seconds"],
  ])("are refused with a sentence: %s", async (_what, flags, sentence) => {
    await expect(read(flags)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining(sentence),
    });
  });

  it.each([
    ["half a document", 'password = "s3cret', "toml"],
    ["a password that is a table", '{"password":{"value":"s3cret"}}', "json"],
    ["a time in words", 'password = "s3cret"\ntimeout = "soon"', "toml"],
  ])("are refused without repeating what may be secret: %s", async (_what, text, ending) => {
    await write(`.voucher.${ending}`, text);

    await expect(read()).rejects.toMatchObject({
      code: "config",
      message: expect.not.stringContaining("s3cret"),
    });
  });
});
