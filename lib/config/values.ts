import * as z from "zod/mini";
import { nearest } from "./nearest.ts";
import { kindOf, show } from "./problems.ts";

/** The kinds of value that configuration files hold, lenient where Voucher was: it read `"true"` and `"8000"` too. */

const TRUTH: ReadonlyMap<unknown, boolean> = new Map(
  Object.entries({
    true: ["1", "t", "T", "true", "True", "TRUE"],
    false: ["0", "f", "F", "false", "False", "FALSE"],
  }).flatMap(([value, spellings]) => spellings.map((spelling) => [spelling, value === "true"] as const)),
);

export const flag = z.pipe(
  z.transform((value: unknown) => TRUTH.get(value) ?? value),
  z.boolean({ error: wrong("true or false") }),
);

export const text = z.string({ error: wrong("text") });

/** Text that must say something. */
export const someText = text.check(z.minLength(1, "must not be empty"));

/** Text that no message may show. */
export const secretText = z.string({ error: ({ input }) => `must be text, not ${kindOf(input)}` });

/** Voucher cannot tell a key with an empty text from one that is not there; neither do we. */
export function blank<Inner extends z.ZodMiniType>(inner: Inner) {
  return z.pipe(
    z.transform((value: unknown) => (value === "" ? undefined : value)),
    z.optional(inner),
  );
}

/** A list, or one text whose words are the list: that is how an environment variable gives one. */
export function list<Inner extends z.ZodMiniType>(inner: Inner) {
  return z.pipe(
    z.transform((value: unknown) =>
      typeof value === "string" ? value.split(/\s+/).filter((word) => word !== "") : value,
    ),
    z.array(inner, { error: wrong("a list of texts") }),
  );
}

export const texts = list(text);

/** Tables that repeat, as `[[name]]` writes them. */
export function tables<Inner extends z.ZodMiniType>(inner: Inner) {
  return z.array(inner, { error: wrong("a list of tables") });
}

export function choice<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, { error: wrong(`one of ${values.join(", ")}`) });
}

export function wholeNumber(least: number, most: number) {
  const error = wrong(`a whole number from ${least} to ${most}`);
  return numberOf(z.int({ error }).check(z.minimum(least, { error }), z.maximum(most, { error })));
}

export function number(least: number, most: number) {
  const error = wrong(`a number from ${least} to ${most}`);
  return numberOf(z.number({ error }).check(z.minimum(least, { error }), z.maximum(most, { error })));
}

/** What `read` makes of an input; the message of what it throws becomes the problem. */
export function reading<Input, Output>(from: z.ZodMiniType<Input>, read: (value: Input) => Output) {
  return z.pipe(
    from,
    z.transform((value: Input, context): Output => {
      try {
        return read(value);
      } catch (error) {
        context.issues.push({
          code: "custom",
          input: value,
          message: error instanceof Error ? error.message : String(error),
        });
        return z.NEVER;
      }
    }),
  );
}

/** A table whose every key is known; each unknown one is a line of the message, with the nearest known one. */
export function section<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `is no known key; the nearest is ${show(nearest(key, known))}`).join("\n")
        : noTable(issue),
  });
}

/** An object of the user's own names. */
export function named<Value extends z.ZodMiniType>(value: Value) {
  return z.record(z.string(), value, { error: noTable });
}

/** The message for a value where a table should be. It shows none: whoever left the key out wrote a secret there. */
function noTable({ input }: { readonly input?: unknown }): string {
  return input === undefined ? "is missing; it must be a table" : `must be a table, not ${kindOf(input)}`;
}

/** The message for a value that is not `what`. */
export function wrong(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) =>
    input === undefined ? `is missing; it must be ${what}` : `must be ${what}, not ${show(input)}`;
}

function numberOf<Inner extends z.ZodMiniType<number, number>>(inner: Inner) {
  return z.pipe(
    z.transform((value: unknown) =>
      typeof value === "string" && /^-?\d{1,12}(?:\.\d{1,12})?$/.test(value) ? Number(value) : value,
    ),
    inner,
  );
}
