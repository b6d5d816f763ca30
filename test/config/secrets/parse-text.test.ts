import { extname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseText } from "../../../lib/config/secrets/parse-text.ts";
import { readTextFile } from "../../../lib/config/text-file.ts";
import { folderWith, problemsOf } from "../folder.ts";

async function read(name: string, content: string | Uint8Array) {
  const path = join(await folderWith({ [name]: content }), name);
  return parseText(path, await readTextFile(path), extname(name));
}

describe("a file with secrets", () => {
  it.each([
    ["s.toml", '[datadog]\napi_key = "a"'],
    ["s.yaml", "datadog:\n  api_key: a"],
    ["s.yml", "Datadog: {API_KEY: a}"],
    ["s.JSON", '{"datadog": {"api_key": "a"}}'],
  ])("is read by its ending, its names in any case: %s", async (name, content) => {
    expect(await read(name, content)).toEqual({ datadog: { api_key: "a" } });
  });

  it.each([
    ["s.toml", "token = s3cret", "cannot be read as TOML (line 1, column 9)"],
    ["s.toml", 's3cret = 1\ns3cret = "x"', "cannot be read as TOML (line 2, column 1)"],
    ["s.yaml", "token: &s3cret x\nother: *s3cre", "cannot be read as YAML"],
    ["s.yaml", "token: s3cret: s3cret", "cannot be read as YAML (line 1, column 8)"],
    ["s.yaml", "s3cret: 1\ns3cret: 2", "cannot be read as YAML (line 2, column 1)"],
    ["s.yaml", "token: !s3cret x", "cannot be read as YAML (line 1, column 8)"],
    ["s.yaml", 'token: "\\s3cret"', "cannot be read as YAML (line 1, column 9)"],
    ["s.json", '{"token": s3cret}', "cannot be read as JSON"],
    ["s.json", '{"s3cret": 1, "s3cret": 2}', "cannot be read as JSON"],
    ["s.json", '{"s3cret": 1, "S3CRET": 2}', "one of its names is given twice, in different cases"],
    [
      "s.json",
      '{"a": {"s3cret: x": 1, "S3CRET: X": 2}}',
      "one of its names is given twice, in different cases",
    ],
    ["s.json", '"s3cret"', "must be a table of settings at its top"],
    ["s.txt", "s3cret", "its name must end in .toml, .yaml, .yml or .json"],
    ["s3", "s3cret", "its name must end in .toml, .yaml, .yml or .json"],
    ["s.json", Buffer.from([0x22, 0xff, 0x22]), "is not UTF-8 text"],
    ["s.json", `"${"s3cret".repeat(200_000)}"`, "is larger than 1 MiB, the most that is read of a file"],
  ])("is refused with a sentence that quotes nothing of it: %s (%#)", async (name, content, problem) => {
    const [found = "", ...more] = await problemsOf(read(name, content));
    expect(more).toEqual([]);
    expect(found).toBe(`${name}: ${problem}`);
  });
});
