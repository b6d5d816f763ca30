import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

/** Its own types would bring those of browsers into every file of the project. */
const { parse }: { readonly parse: (name: string, text: string) => Promise<unknown> } = createRequire(
  import.meta.url,
)("@cdktn/hcl2json");

/** Where the module is: its folder, and every other folder that holds Terraform. */
export const TERRAFORM = fileURLToPath(new URL("../../../terraform/", import.meta.url));

/** The body of a block, as `hcl2json` writes it: blocks are arrays, expressions are texts. */
export type Body = { readonly [name: string]: unknown };

const Labelled = z.record(z.string(), z.array(z.record(z.string(), z.unknown())));
const TwiceLabelled = z.record(z.string(), Labelled);
const Unlabelled = z.array(z.record(z.string(), z.unknown()));
const FileSchema = z.strictObject({
  terraform: z.optional(Unlabelled),
  provider: z.optional(Labelled),
  variable: z.optional(Labelled),
  output: z.optional(Labelled),
  locals: z.optional(Unlabelled),
  module: z.optional(Labelled),
  resource: z.optional(TwiceLabelled),
  data: z.optional(TwiceLabelled),
});

export interface TerraformFile extends z.infer<typeof FileSchema> {
  /** Its path in the folder `terraform/`. */
  readonly path: string;
}

/** Reads every .tf file of the folder `terraform/`, or those of one folder in it. Throws where one cannot be parsed. */
export async function readTerraform(folder?: string): Promise<readonly TerraformFile[]> {
  const paths = readdirSync(TERRAFORM, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".tf") && !path.includes(".terraform/"))
    .filter((path) => folder === undefined || dirname(path) === folder)
    .sort();
  return Promise.all(paths.map((path) => readFile(path, readFileSync(join(TERRAFORM, path), "utf8"))));
}

/** Parses one file. */
export async function readFile(path: string, text: string): Promise<TerraformFile> {
  return { path, ...FileSchema.parse(await parse(basename(path), text)) };
}

/** The folders that can be applied: the module and its examples. */
export async function rootModules(): Promise<readonly string[]> {
  const files = await readTerraform();
  const folders = new Set(
    files.map(({ path }) => dirname(path)).filter((folder) => !folder.startsWith("modules")),
  );
  return [...folders].map((folder) => relative(TERRAFORM, join(TERRAFORM, folder)) || ".");
}

/** A resource or data source, and where it stands. */
export interface Declared {
  readonly kind: "resource" | "data";
  readonly type: string;
  readonly address: string;
  readonly body: Body;
}

/** Every resource and data source of `file`. */
export function declaredIn({ path, resource = {}, data = {} }: TerraformFile): readonly Declared[] {
  return Object.entries({ resource, data }).flatMap(([kind, types]) =>
    Object.entries(types).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, bodies]) =>
        bodies.map((body) => ({
          kind: kind === "data" ? ("data" as const) : ("resource" as const),
          type,
          address: `${path}: ${kind === "data" ? "data." : ""}${type}.${name}`,
          body,
        })),
      ),
    ),
  );
}
