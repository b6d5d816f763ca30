import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { declaredIn, readTerraform } from "../support/terraform/module.ts";
import type { ProviderSchema } from "../support/terraform/schema.ts";

/**
 * Writes terraform/tests/google-schema.json anew from the schema of the whole provider, keeping what the module and its
 * examples use: `node test/terraform/write-schema.ts SCHEMA`.
 */

const [, , source = ""] = process.argv;
const whole: ProviderSchema = JSON.parse(readFileSync(source, "utf8"));
const declared = (await readTerraform()).flatMap(declaredIn);
const used = (kind: "resource" | "data") =>
  new Set(declared.filter((one) => one.kind === kind).map(({ type }) => type));
const keep = <Entry>(entries: { readonly [type: string]: Entry }, types: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(entries).filter(([type]) => types.has(type)));

const file = fileURLToPath(new URL("../../terraform/tests/google-schema.json", import.meta.url));
const trimmed = {
  about: "What the google provider, 7.45, takes and gives, of the resources that are used here.",
  resources: keep(whole.resources, used("resource")),
  data_sources: keep(whole.data_sources, used("data")),
};
writeFileSync(file, JSON.stringify(trimmed));
execFileSync("npx", ["biome", "format", "--write", file], { stdio: "inherit" });
