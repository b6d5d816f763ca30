import { readFileSync } from "node:fs";
import * as z from "zod";

/**
 * The schema of the google provider, as far as the module uses it. An attribute is its type and what holds for it,
 * `list(string); optional, computed`; a nested block says how often it may stand there.
 */

export interface Block {
  readonly [name: string]: string | NestedBlock;
}

export interface NestedBlock {
  readonly nesting: "list" | "set";
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly block: Block;
}

export interface ProviderSchema {
  readonly resources: { readonly [type: string]: Block };
  readonly data_sources: { readonly [type: string]: Block };
}

const BlockSchema: z.ZodType<Block> = z.lazy(() => z.record(z.string(), z.union([z.string(), NestedSchema])));
const NestedSchema: z.ZodType<NestedBlock> = z.strictObject({
  nesting: z.enum(["list", "set"]),
  min: z.optional(z.int()),
  max: z.optional(z.int()),
  block: BlockSchema,
});
const Schema = z.object({
  resources: z.record(z.string(), BlockSchema),
  data_sources: z.record(z.string(), BlockSchema),
});

/** Reads the copy that is kept beside the module's tests. */
export function readSchema(): ProviderSchema {
  const file = new URL("../../../terraform/tests/google-schema.json", import.meta.url);
  return Schema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** A type of Terraform's, as its providers write it: `"string"`, `["list", "string"]`, `["object", {…}]`. */
export type AttributeType =
  | string
  | readonly [string, AttributeType | { readonly [name: string]: AttributeType }];

export interface Attribute {
  readonly type: AttributeType;
  readonly required: boolean;
  readonly optional: boolean;
  readonly computed: boolean;
  readonly sensitive: boolean;
}

/** Reads `list(object({name: string})); optional, computed`. Throws for what is no attribute. */
export function parseAttribute(text: string): Attribute {
  const split = text.lastIndexOf(")");
  const at = text.indexOf(";", split === -1 ? 0 : split);
  const words = text
    .slice(at + 1)
    .split(/[,;]/)
    .map((word) => word.trim());
  const says = (word: string) => words.includes(word);
  return {
    type: parseType(text.slice(0, at)),
    required: says("required"),
    optional: says("optional"),
    computed: says("computed"),
    sensitive: says("sensitive"),
  };
}

function parseType(text: string): AttributeType {
  const [, kind, inner] = /^(list|set|map|object)\((.*)\)$/s.exec(text.trim()) ?? [];
  if (kind === undefined || inner === undefined) {
    if (!["string", "number", "bool"].includes(text.trim())) throw new Error(`${text} is no type`);
    return text.trim();
  }
  if (kind !== "object") return [kind, parseType(inner)];
  const members = membersOf(inner.trim().slice(1, -1));
  return ["object", Object.fromEntries(members.map(([name, type]) => [name, parseType(type)]))];
}

/** Splits `a: string, b: list(object({c: string}))` at the commas that stand in no bracket. */
function membersOf(text: string): readonly (readonly [string, string])[] {
  const members: string[] = [];
  let depth = 0;
  let from = 0;
  for (const [at, character] of [...text].entries()) {
    if ("({".includes(character)) depth += 1;
    if (")}".includes(character)) depth -= 1;
    if (character === "," && depth === 0) {
      members.push(text.slice(from, at));
      from = at + 1;
    }
  }
  members.push(text.slice(from));
  return members
    .filter((member) => member.trim() !== "")
    .map((member) => {
      const colon = member.indexOf(":");
      return [member.slice(0, colon).trim(), member.slice(colon + 1)] as const;
    });
}
