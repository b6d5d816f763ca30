import { describe, expect, it } from "vitest";
import { parserOf } from "../../lib/config/formats.ts";

async function parse(ending: string, text: string): Promise<unknown> {
  const parser = parserOf(ending);
  if (parser === undefined) throw new Error(`no parser for ${ending}`);
  return await parser(text);
}

describe("a configuration file's format", () => {
  it.each([
    [".toml", 'signer = "pkix"\n[checks]\nnobody = true'],
    [".yaml", "signer: pkix\nchecks:\n  nobody: true"],
    [".yml", "signer: pkix\nchecks: {nobody: true}"],
    [".json", '{"signer": "pkix", "checks": {"nobody": true}}'],
    [".JSON", '{"signer": "pkix", "checks": {"nobody": true}}'],
  ])("is told by its ending: %s", async (ending, text) => {
    const document = await parse(ending, text);
    expect(JSON.parse(JSON.stringify(document))).toEqual({ signer: "pkix", checks: { nobody: true } });
  });

  it("is none for other endings", () => {
    expect(parserOf(".ini")).toBeUndefined();
  });
});

describe("a document that does not parse", () => {
  it.each([
    [".toml", "dryrun = true\npassword = hunter2", /is not TOML: .*\(line 2, column 12\)/],
    [".yaml", "dryrun: true\npassword: @hunter2", /is not YAML: .*\(line 2, column 11\)/],
    [".yaml", "password: !hunter2 x", /is not YAML: a tag is not known/],
    [".yaml", "- a\nhunter2", /is not YAML: .*\(line 2, column/],
    [".json", '{"dryrun": true,\n"password": hunter2}', /the document is not JSON/],
    [".json", '{"dryrun": true,\n"password" "hunter2"}', /the document is not JSON \(line 2, column 12\)/],
    [".json", '{"password": "hunter2",\n}', /the document is not JSON \(line 2, column 1\)/],
  ])("in %s says where, without quoting it: %j", async (ending, text, message) => {
    await expect(parse(ending, text)).rejects.toThrow(message);
    await expect(parse(ending, text)).rejects.toThrow(/^(?!.*hunter2)/s);
  });
});

describe("a key given twice", () => {
  it.each([
    [".toml", 'signer = "pkix"\nsigner = "kms"'],
    [".toml", "[checks]\nnobody = true\n[checks]\ndiy = true"],
    [".yaml", "signer: pkix\nsigner: kms"],
    [".yaml", "checks:\n  diy: true\n  diy: false"],
    [".yaml", '1: a\n"1": b'],
    [".json", '{"signer": "pkix", "signer": "kms"}'],
  ])("is refused in %s", async (ending, text) => {
    await expect(parse(ending, text)).rejects.toThrow();
  });
});

describe("a YAML file", () => {
  it("may use anchors and merge keys", async () => {
    const text = "base: &base {nobody: true}\nchecks: {<<: *base, diy: true}";
    expect(await parse(".yaml", text)).toHaveProperty("checks", { nobody: true, diy: true });
  });

  it("whose aliases unfold into too much is refused", async () => {
    const levels = ["a", "b", "c", "d", "e"].map((name, level, names) => {
      const below = level === 0 ? "x" : `*${names[level - 1]}`;
      return `${name}: &${name} [${Array(9).fill(below).join(",")}]`;
    });
    await expect(parse(".yaml", levels.join("\n"))).rejects.toThrow("aliases unfold into too much");
  });

  it.each([
    ["two documents", "a: 1\n---\nb: 2"],
    ["a list as a key", "? [a, b]\n: 1"],
    ["an alias of nothing", "a: *b"],
    ["brackets beyond any stack", "[".repeat(100_000)],
  ])("with %s is refused", async (_, text) => {
    await expect(parse(".yaml", text)).rejects.toThrow(/^is not YAML/);
  });

  it("with a hundred thousand keys is read in seconds", { timeout: 20_000 }, async () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join("\n");
    expect(await parse(".yaml", text)).toHaveProperty("k99999", 1);
  });
});
