import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readTerraform, TERRAFORM, type TerraformFile } from "../support/terraform/module.ts";
import { withTables } from "../support/terraform/tables.ts";

const README = readFileSync(join(TERRAFORM, "README.md"), "utf8");

describe("the module's README", () => {
  let files: readonly TerraformFile[];

  beforeAll(async () => {
    files = await readTerraform(".");
  });

  it("has tables of every input and output; `node test/terraform/write-readme.ts` writes them anew", () => {
    expect(README).toBe(withTables(README, files));
  });

  it("gives each input its type and its default", () => {
    expect(README).toContain("| `region` | Where the functions run");
    expect(README).toMatch(/^\| `region` .* \| `string` \| \*\*required\*\* \|$/m);
    expect(README).toMatch(
      /^\| `secrets` .* \| `map\(object\({ secret = string, version = optional\(string, "latest"\) }\)\)` \| `{}` \|$/m,
    );
  });

  it("names files that are there", () => {
    const named = [...README.matchAll(/`([a-z]+\.tf)`|\]\(([^)#:]+)\)/g)].map(
      ([, file, link]) => file ?? link ?? "",
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(TERRAFORM, path)))).toEqual([]);
  });

  it("speaks of resources and settings that there are", () => {
    const code = files.map(({ path }) => readFileSync(join(TERRAFORM, path), "utf8")).join("\n");
    const addresses = [...README.matchAll(/module\.voucher\.(google_\w+)\.(\w+)/g)];
    expect(addresses.length).toBeGreaterThan(2);
    for (const [, type, name] of addresses) expect(code).toContain(`resource "${type}" "${name}"`);
    const settings = [...README.matchAll(/`[^`\n]*?(\w+) = (?:true|false|\{|\[|\d|")/g)].map(
      ([, name]) => name,
    );
    expect(settings.length).toBeGreaterThan(5);
    for (const name of settings) expect(code).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
