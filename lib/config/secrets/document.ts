import * as z from "zod/mini";
import { isTable, type Table } from "../keys.ts";
import { nearest } from "../nearest.ts";
import { formatKey, kindOf, show } from "../problems.ts";
import type { Found } from "../rule.ts";
import { blank, secretText } from "../values.ts";

/** Voucher's secrets as they are written, besides what is none of them. No message of this schema shows a value. */

const value = z.optional(blank(secretText));

/** In EJSON these stand in plain, which is why they are named so. */
const id = z.optional(
  blank(
    z.pipe(
      z.transform((written: unknown) => (typeof written === "number" ? String(written) : written)),
      secretText.check(z.regex(/^[\w.-]{1,32}$/, "is no id as GitHub gives one")),
    ),
  ),
);

const OPENPGP_KEY = { key: value, passphrase: value };
const REPOSITORY = {
  token: value,
  username: value,
  password: value,
  _app_id: id,
  _installation_id: id,
  private_key: value,
};
const DATADOG = { api_key: value, app_key: value };

const openPgpKey = z.pipe(
  z.transform((written: unknown) => (typeof written === "string" ? { key: written } : written)),
  table(OPENPGP_KEY, "the armored key, or a table with key and passphrase"),
);
const repository = table(REPOSITORY);

const DOCUMENT = {
  openpgpkeys: z.nullish(named(openPgpKey)),
  repositories: z.nullish(named(repository)),
  datadog: z.nullish(table(DATADOG)),
};
const documentSchema = table(DOCUMENT);

export type SecretsDocument = z.infer<typeof documentSchema>;
export type RepositoryEntry = z.infer<typeof repository>;

/** What could be read of a document with secrets, what is wrong with it, and which of its names mean nothing. */
export function parseSecrets(written: Table): {
  readonly document: SecretsDocument;
  readonly problems: readonly Found[];
  readonly unknown: readonly Found[];
} {
  const unknown = unknownNames(written);
  const parsed = documentSchema.safeParse(written);
  if (parsed.success) return { document: parsed.data, problems: [], unknown };
  const { issues } = parsed.error;
  const problems = issues.map(({ path, message }) => ({ key: showPath(path), message }));
  // One mistake is not to hide another.
  const unsound = new Set(issues.map(({ path }) => path[0]));
  const sound = Object.fromEntries(Object.entries(written).filter(([name]) => !unsound.has(name)));
  return { document: documentSchema.parse(sound), problems, unknown };
}

/** A path whose every name may be shown: as long as GitHub's longest owner, and so shorter than its shortest token. */
export function showPath(path: readonly PropertyKey[]): string {
  return formatKey(
    path.map((part) => (typeof part === "string" && !/^[\w.-]{1,39}$/.test(part) ? "…" : part)),
  );
}

/** What Voucher overlooks, and a person may have meant. */
function unknownNames(document: Table): readonly Found[] {
  const { openpgpkeys, repositories, datadog } = document;
  return [
    ...unknownIn(document, [], DOCUMENT),
    ...entriesOf(openpgpkeys).flatMap(([check, key]) => unknownIn(key, ["openpgpkeys", check], OPENPGP_KEY)),
    ...entriesOf(repositories).flatMap(([alias, entry]) =>
      unknownIn(entry, ["repositories", alias], REPOSITORY),
    ),
    ...unknownIn(datadog, ["datadog"], DATADOG),
  ];
}

function unknownIn(written: unknown, path: readonly PropertyKey[], shape: object): readonly Found[] {
  const known = Object.keys(shape);
  return entriesOf(written).flatMap(([name]) =>
    known.includes(name)
      ? []
      : [
          {
            key: showPath([...path, name]),
            message: `is no known secret, and left out; the nearest is ${show(nearest(name, known))}`,
          },
        ],
  );
}

/** What stands in a table, besides what EJSON calls a comment: names that begin with an underscore. */
function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isTable(value) ? Object.entries(value).filter(([name]) => !name.startsWith("_")) : [];
}

function table<Shape extends z.core.$ZodShape>(shape: Shape, what = "a table") {
  return z.object(shape, { error: ({ input }) => `must be ${what}, not ${kindOf(input)}` });
}

/** A table of names that the user chose, none of which begins with an underscore. */
function named<Value extends z.ZodMiniType>(inner: Value) {
  return z.pipe(
    z.transform((value: unknown) => (isTable(value) ? Object.fromEntries(entriesOf(value)) : value)),
    z.record(z.string(), inner, { error: ({ input }) => `must be a table, not ${kindOf(input)}` }),
  );
}
