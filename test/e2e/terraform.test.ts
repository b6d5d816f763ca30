import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rootModules } from "../support/terraform/module.ts";
import { openWorkspace, type Workspace } from "../support/terraform/workspace.ts";
import { describeWith } from "../support/tools.ts";

const FOLDERS = await rootModules();
const LONGEST_MS = 320_000;

describeWith(
  ["terraform"],
  "Terraform, with the schema of the google provider in place of its plugin",
  () => {
    let workspace: Workspace;

    beforeAll(async () => {
      workspace = await openWorkspace();
      expect(await workspace.terraform(".", "init", "-input=false")).toMatchObject({ code: 0 });
      expect(await workspace.terraform("modules/settings", "init", "-input=false")).toMatchObject({
        code: 0,
      });
    });

    afterAll(() => workspace.close());

    it("finds every file formatted", async () => {
      const { code, stdout } = await workspace.terraform(".", "fmt", "-check", "-recursive");
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    });

    it.each(FOLDERS)("takes %s for valid", { timeout: LONGEST_MS }, async (folder) => {
      await workspace.terraform(folder, "init", "-input=false");
      const { stdout, stderr } = await workspace.terraform(folder, "validate");
      expect(stderr).toBe("");
      expect(stdout).toContain("The configuration is valid.");
    });

    it("knows an argument that the provider does not", { timeout: LONGEST_MS }, async () => {
      const file = join(workspace.folder, "pubsub.tf");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replaceAll("minimum_backoff ", "minimum_backof "));
      const { code, stderr } = await workspace.terraform(".", "validate");
      await writeFile(file, text);
      expect(code).toBe(1);
      expect(stderr).toContain('An argument named "minimum_backof" is not expected here.');
    });

    it.each(["modules/settings", "."])("passes the tests of %s", { timeout: LONGEST_MS }, async (folder) => {
      const { code, stdout, stderr } = await workspace.terraform(folder, "test");
      expect(stderr).toBe("");
      expect(stdout).toMatch(/Success! [1-9]\d* passed, 0 failed\./);
      expect(code).toBe(0);
    });
  },
);
