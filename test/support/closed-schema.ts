export type Json = { readonly [key: string]: unknown };

/** A JSON Schema, or a document full of them, lets later versions say more; closed, every member has to be described. */
export function closed(value: unknown): Json {
  const close = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(close);
    if (!isJson(part)) return part;
    const entries = Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, close(inner)]));
    return part["type"] === "object" && isJson(part["properties"])
      ? { ...entries, additionalProperties: false }
      : entries;
  };
  const made = close(value);
  if (!isJson(made)) throw new Error("a schema is no object");
  return made;
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
