import * as z from "zod/mini";

// Proto JSON (https://protobuf.dev/programming-guides/json) leaves out what holds its default; the open-source Grafeas
// server up to 0.1 writes it all the same, and a missing message as null. Both mean the same.

/** Text; the empty one where there is none. */
export const text = withDefault(z.string(), "");

/** A list; the empty one where there is none. */
export function list<Item extends z.ZodMiniType>(item: Item) {
  return withDefault(z.array(item), []);
}

/** A map of text to text; the empty one where there is none. */
export const textMap = withDefault(z.record(z.string(), z.string()), {});

/** A message; `undefined` where there is none. */
export function message<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.pipe(
    z.nullish(z.object(shape)),
    z.transform((value) => value ?? undefined),
  );
}

/** A flag, and whether it was written at all: `undefined` where it was not. */
export const flag = z.pipe(
  z.nullish(z.boolean()),
  z.transform((value) => value ?? undefined),
);

/** A moment; `undefined` where there is none, or what there is means none. */
export const moment = z.pipe(
  text,
  z.transform((value) => {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }),
);

/** JSON of any shape: a `google.protobuf.Struct` or `Any`. */
export const anything = z.optional(z.unknown());

function withDefault<Value>(schema: z.ZodMiniType<Value>, value: Value) {
  return z.pipe(
    z.nullish(schema),
    z.transform((given) => given ?? value),
  );
}
