import * as z from "zod";
import type { Body, Declared } from "./module.ts";
import { type Block, type NestedBlock, type ProviderSchema, parseAttribute } from "./schema.ts";

/** What Terraform itself reads of every resource. */
const META = ["count", "depends_on", "for_each", "lifecycle", "provider"];

const Dynamic = z.record(
  z.string(),
  z.array(z.looseObject({ content: z.array(z.record(z.string(), z.unknown())) })),
);

/** What is wrong with a resource or data source by the provider's schema, one sentence each. */
export function faultsOf({ kind, type, address, body }: Declared, schema: ProviderSchema): readonly string[] {
  const block = (kind === "data" ? schema.data_sources : schema.resources)[type];
  if (block === undefined)
    return [`${address}: the provider has no such ${kind === "data" ? "data source" : "resource"}`];
  const own = Object.fromEntries(Object.entries(body).filter(([name]) => !META.includes(name)));
  return faultsIn(own, block).map((fault) => `${address}: ${fault}`);
}

function faultsIn(body: Body, block: Block, path = ""): readonly string[] {
  const { dynamic = {}, ...written } = body;
  const contents = contentsOf(dynamic);
  const names = new Set([...Object.keys(written), ...Object.keys(contents)]);
  const unknown = [...names]
    .filter((name) => !(name in block))
    .map((name) => `${path}${name} does not exist`);
  const faults = Object.entries(block).flatMap(([name, entry]) =>
    typeof entry === "string"
      ? attributeFaults(path + name, entry, written[name], name in contents)
      : nestedFaults(path + name, entry, written[name], contents[name]),
  );
  return [...unknown, ...faults];
}

function attributeFaults(path: string, text: string, value: unknown, isDynamic: boolean): readonly string[] {
  const { required, optional } = parseAttribute(text);
  if (isDynamic) return [`${path} is an argument, and no block`];
  if (value === undefined) return required ? [`${path} is missing`] : [];
  if (!required && !optional) return [`${path} is set by Google alone`];
  // An argument whose type has no objects in it cannot be written as a block.
  const isBlock = Array.isArray(value) && value.every((one) => typeof one === "object");
  return isBlock && value.length > 0 && !text.includes("object(")
    ? [`${path} is an argument, and no block`]
    : [];
}

function nestedFaults(
  path: string,
  { min = 0, max = Number.POSITIVE_INFINITY, block }: NestedBlock,
  value: unknown,
  dynamic: readonly Body[] | undefined,
): readonly string[] {
  if (value !== undefined && !Array.isArray(value)) return [`${path} is a block, and no argument`];
  const fixed: readonly Body[] = value ?? [];
  const blocks = [...fixed, ...(dynamic ?? [])];
  const missing = blocks.length === 0 && min > 0 ? [`${path} is missing`] : [];
  // Of two dynamic blocks only one may come to be.
  const tooMany = fixed.length > max ? [`${path} may stand there ${max} times, and not ${fixed.length}`] : [];
  return [...missing, ...tooMany, ...blocks.flatMap((one) => faultsIn(one, block, `${path}.`))];
}

/** The contents of `dynamic` blocks, by the block that they make. */
function contentsOf(dynamic: unknown): { readonly [name: string]: readonly Body[] } {
  const blocks = Object.entries(Dynamic.parse(dynamic));
  return Object.fromEntries(
    blocks.map(([name, several]) => [name, several.flatMap(({ content }) => content)]),
  );
}
