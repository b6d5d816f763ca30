import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../lib/config/load.ts";
import { EVERY_KEY } from "./every-key.ts";
import { folderWith, load, problemsOf } from "./folder.ts";

describe("loading a configuration", () => {
  it("says which file it read, and finds keys beside it", async () => {
    const folder = await folderWith({ "etc/mine.toml": '[[pkix_keys]]\ncheck = "diy"\npath = "diy.pem"' });
    const loaded = await loadConfig({ file: "etc/mine.toml", env: {}, cwd: folder, home: "" });
    expect(loaded.file).toBe(join(folder, "etc/mine.toml"));
    expect(loaded.config.pkixKeys).toEqual([{ check: "diy", path: join(folder, "etc/diy.pem") }]);
  });

  it("needs no file", async () => {
    const cwd = await folderWith({});
    const loaded = await loadConfig({ env: { VALID_REPOS: "gcr.io/p" }, cwd, home: "" });
    expect(loaded).toMatchObject({ config: { validRepos: ["gcr.io/p"] }, warnings: [] });
    expect(loaded).not.toHaveProperty("file");
  });

  it("fails where the named file is missing, whatever else is there", async () => {
    const cwd = await folderWith({ "voucher.toml": "" });
    const loading = loadConfig({ file: "nowhere.toml", env: {}, cwd, home: "" });
    expect(await problemsOf(loading)).toEqual(["nowhere.toml: cannot be read: there is no such file"]);
  });

  it("fails where the file does not parse", async () => {
    expect(await problemsOf(load("dryrun = "))).toEqual([
      expect.stringMatching(/^voucher.toml: is not TOML: .*\(line 1/),
    ]);
  });

  it.each(["[]", '"text"', "7"])("fails where the file is %s", async (text) => {
    expect(await problemsOf(load(text, { format: "json" }))).toEqual([
      "voucher.json: must be a table of settings at its top",
    ]);
  });
});

describe("an unknown key", () => {
  it.each([
    ['signr = "pkix"', 'signr: is no known key; the nearest is "signer"'],
    ["[sever]\nport = 1", 'sever: is no known key; the nearest is "server"'],
    ["[limits]\ntimeout = 3", 'limits.timeout: is no known key; the nearest is "timeout_seconds"'],
    [
      '[repository.acme]\norg_url = "x"\norg-url = "x"',
      'repository.acme.org_url: is no known key; the nearest is "org-url"',
    ],
    [
      '[[pkix_keys]]\ncheck = "diy"\npath = "a"\nid = "x"',
      'pkix_keys[0].id: is no known key; the nearest is "path"',
    ],
    [
      '[checks.mine]\nmodul = "x"\nmodule = "x"',
      'checks.mine.modul: is no known key; the nearest is "module"',
    ],
  ])("is an error that suggests the nearest: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toContain(`voucher.toml: ${problem}`);
  });

  it("is none of those that every object inherits", async () => {
    expect(await problemsOf(load("[constructor]\n[checks]\ntoString = true"))).toEqual([
      expect.stringMatching(/^voucher.toml: constructor: is no known key/),
      expect.stringMatching(/^voucher.toml: checks.tostring: is no known check/),
    ]);
  });

  it("called __proto__ is refused in every format", async () => {
    const refused = expect.stringContaining("__proto__: is not accepted as a name");
    expect(await problemsOf(load("[__proto__]\ndryrun = true"))).toEqual([refused]);
    expect(await problemsOf(load("__proto__: {dryrun: true}", { format: "yaml" }))).toEqual([refused]);
    expect(await problemsOf(load('{"__proto__": {"dryrun": true}}', { format: "json" }))).toEqual([refused]);
  });
});

describe("a value that makes no sense", () => {
  it.each([
    ["dryrun = 3", "dryrun: must be true or false, not 3"],
    [
      'failon = "severe"',
      'failon: must be one of negligible, low, medium, unknown, high, critical, not "severe"',
    ],
    ['scanner = "clair"', 'scanner: must be one of metadata, gca, g, not "clair"'],
    ["valid_repos = 3", "valid_repos: must be a list of texts, not 3"],
    ["valid_repos = [3]", "valid_repos[0]: must be text, not 3"],
    ["server = 3", "server: must be a table, not a number"],
    ["[server]\nport = 70000", "server.port: must be a whole number from 1 to 65535, not 70000"],
    ["[statsd]\nsample_rate = 2", "statsd.sample_rate: must be a number from 0 to 1, not 2"],
    ["[limits]\nchildren = 1.5", "limits.children: must be a whole number from 1 to 1000000, not 1.5"],
    ["kms_keys = {}", "kms_keys: must be a list of tables, not a table"],
    ['[[kms_keys]]\ncheck = "diy"', "kms_keys[0].path: is missing; it must be text"],
    ['[[pkix_keys]]\ncheck = ""\npath = "x"', "pkix_keys[0].check: must not be empty"],
    ["[checks]\nnobody = 1", "checks.nobody: must be true, false or a table with `module`, not 1"],
    ["[required.prod]\nnobody = []", "required.prod.nobody: must be true or false, not a list"],
    ["[kms]\nendpoint = 2027-01-01", "kms.endpoint: must be text, not a date"],
    ['[opentelemetry]\ninterval = "60"', 'opentelemetry.interval: "60" is no duration; write 30s or 1m30s'],
    [
      '[platforms]\nselect = ["linux"]',
      'platforms.select: "linux" is no platform; write os/architecture[/variant], as in linux/arm64',
    ],
    ['[platforms]\nselect = ["all", "linux/amd64"]', 'platforms.select: "all" stands alone, or not at all'],
    ["[platforms]\nselect = []", 'platforms.select: names no platform; write ["all"] for every one'],
  ])("is one line: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toEqual([`voucher.toml: ${problem}`]);
  });

  it("never shows what stands where a table should be: a secret whose key was left out", async () => {
    for (const text of ['[webhook]\nharbor = "s3cret"', 'webhook = "s3cret"', 'server = "s3cret"']) {
      const [problem] = await problemsOf(load(text));
      expect(problem).toContain("must be a table, not text");
      expect(problem).not.toContain("s3cret");
    }
  });

  it("is not shown where it may be a secret", async () => {
    const problems = await problemsOf(load("[server]\npassword = 4711\n[webhook.harbor]\nsecret = [4711]"));
    expect(problems).toEqual([
      "voucher.toml: server.password: must be text, not a number",
      "voucher.toml: webhook.harbor.secret: must be text, not a list",
    ]);
  });

  it("stays one line, whatever it holds", async () => {
    const problems = await problemsOf(load(JSON.stringify({ "a\nvoucher.json: b": 1 }), { format: "json" }));
    expect(problems).toHaveLength(1);
  });
});

describe("a configuration with many mistakes", () => {
  it("reports them all at once: keys, values and rules", async () => {
    const text = `
signr = "pkix"
dryrun = "perhaps"
[checks]
nobdy = true
snakeoil = true
[server]
pasword = "x"
[platforms]
select = ["linux/arm64"]
[containeranalysis]
endpoint = "http://example.com"
`;
    const problems = await problemsOf(load(text, { env: { SCANNER: "clair" } }));
    expect(problems.map((line) => line.replace(/^voucher.toml: /, "").split(": ")[0]).sort()).toEqual([
      "checks.nobdy",
      "containeranalysis.endpoint",
      "dryrun",
      "environment variable SCANNER",
      "platforms.index",
      "server.pasword",
      "signr",
    ]);
  });

  it("is not blamed for what only follows from one of them", async () => {
    const text = 'binauth_project = "p"\nsigner = "pkixx"\n[checks]\nnobody = true';
    expect(await problemsOf(load(text))).toEqual([
      'voucher.toml: signer: must be one of pgp, kms, pkix, not "pkixx"',
    ]);
  });

  it("is answered in seconds, however many there are", { timeout: 20_000 }, async () => {
    const text = JSON.stringify(
      Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key${index}`, 1])),
    );
    expect(await problemsOf(load(text, { format: "json" }))).toHaveLength(50_000);
  });
});

describe("any file at all", () => {
  const formats = fc.constantFrom("toml", "yaml", "json");
  const keys = fc.constantFrom(...Object.keys(EVERY_KEY), "check", "path", "file", "__proto__", "nobody", "");
  const leaf = fc.jsonValue({ maxDepth: 1 });
  const table = fc.dictionary(keys, leaf, { maxKeys: 4 });
  const value = fc.oneof(
    leaf,
    table,
    fc.array(table, { maxLength: 3 }),
    fc.dictionary(keys, table, { maxKeys: 3 }),
  );
  const document = fc.dictionary(keys, value, { maxKeys: 8 });

  it.each([
    ["bytes", fc.uint8Array({ maxLength: 200 })],
    ["text", fc.string({ unit: "binary", maxLength: 200 }).map((text) => new TextEncoder().encode(text))],
    ["a document of our keys", document.map((written) => new TextEncoder().encode(JSON.stringify(written)))],
  ] as const)("loads or is refused in words: %s", async (_, contents) => {
    const folder = await folderWith({});
    await fc.assert(
      fc.asyncProperty(formats, contents, async (format, content) => {
        const file = join(folder, `voucher.${format}`);
        await writeFile(file, content);
        const failure = await loadConfig({ file, env: {}, cwd: folder, home: "" }).catch(
          (error: unknown) => error,
        );
        if (failure instanceof Error) expect(failure).toMatchObject({ name: "VoucherError", code: "config" });
      }),
      { numRuns: 300 },
    );
  });
});
