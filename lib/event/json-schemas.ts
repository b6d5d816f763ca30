import * as z from "zod/mini";

/**
 * The JSON Schemas of documents, by their names; where one holds another it refers to it by `prefix` and its name. As input,
 * since a document of a later version may say more.
 */
export function jsonSchemas(
  documents: { readonly [name: string]: z.ZodMiniType },
  prefix: string,
): { readonly [name: string]: object } {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(documents)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: (id) => `${prefix}${id}`, io: "input" });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]),
  );
}
