import { expect, it } from "vitest";
import * as z from "zod";
import { fileSchema } from "../../lib/config/schema.ts";
import { EVERY_KEY } from "./every-key.ts";

type Node = { readonly [name: string]: unknown };

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Every key of a JSON Schema, dotted; a user's own name is `*`. */
function keysIn(schema: unknown, path = ""): readonly string[] {
  if (!isNode(schema)) return [];
  const below = (name: string, inner: unknown) => [path + name, ...keysIn(inner, `${path}${name}.`)];
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema;
  return [
    ...Object.entries(isNode(properties) ? properties : {}).flatMap(([name, inner]) => below(name, inner)),
    ...(isNode(additionalProperties) ? keysIn(additionalProperties, `${path}*.`) : []),
    ...keysIn(items, path),
    ...(Array.isArray(anyOf) ? anyOf.flatMap((inner) => keysIn(inner, path)) : []),
  ];
}

/** Every key of a document, dotted in the same way. */
function keysOf(value: unknown, named: (path: string) => boolean, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, named, path));
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const key = named(path) ? "*" : name;
    return [path + key, ...keysOf(inner, named, `${path}${key}.`)];
  });
}

it("the document that sets every key sets every key that the configuration has", () => {
  const schema = z.toJSONSchema(fileSchema, { io: "input", unrepresentable: "any" });
  const known = new Set(keysIn(schema));
  expect(known.size).toBeGreaterThan(100);
  const named = (path: string) => ["checks.", "required.", "required.*.", "repository."].includes(path);
  const set = new Set(keysOf(EVERY_KEY, named));
  expect([...known].filter((key) => !set.has(key))).toEqual([]);
});
