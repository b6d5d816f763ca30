import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTerraform, TERRAFORM } from "../support/terraform/module.ts";
import { withTables } from "../support/terraform/tables.ts";

/** Writes the tables of terraform/README.md anew: `node test/terraform/write-readme.ts`. */

const file = join(TERRAFORM, "README.md");
writeFileSync(file, withTables(readFileSync(file, "utf8"), await readTerraform(".")));
