import fc from "fast-check";

/** What has broken readers before. Everything here is text as it stands in a document. */

/** Names that mean something to JavaScript, and names that are hardly any. */
export const NAMES = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "toJSON",
  "then",
  "hasOwnProperty",
  "length",
  "",
  " ",
  "0",
  "-1",
  "\u0000",
  "\ud800",
  "\u2028",
  "ſ",
  "a.b",
  "a[0]",
];

const STRINGS = [
  ...NAMES,
  "../../etc/passwd",
  "sha256:",
  `sha256:${"0".repeat(64)}`,
  `sha256:${"A".repeat(64)}`,
  `sha512:${"0".repeat(128)}`,
  "localhost",
  "127.0.0.1:5000/a/b:c",
  "[::1]:5000/a",
  "http://user:secret@[::1]:99999/%zz?#",
  "projects/p/occurrences/o",
  "+275760-09-13T00:00:00.001Z",
  "0000-00-00T00:00:00Z",
  "1e999",
  "$&$1",
  "\u001b[2J\u0007",
  "\u202egnp.exe",
  "\ufeff",
  "🔑",
];

/** Text that no writer of JSON writes, or that means something special. */
const TOKENS = [
  ..."null true false 0 -0 -1 1.5 [] {} [[]] [null] 01 +1 .5 1. 0x10 NaN Infinity -Infinity undefined".split(
    " ",
  ),
  "1e400",
  "-1e400",
  "1e-400",
  "9007199254740993",
  "123456789012345678901234567890",
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"valueOf":1}',
  '{"a":1,"a":2}',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\x"',
  '"\t"',
  "'a'",
  "//",
  "",
];

const DEPTHS = [20, 500, 5_000, 10_001, 100_000];
const LENGTHS = [1_000, 70_000, 300_000];
const COUNTS = [200, 5_000, 30_000];

const deep = fc
  .tuple(
    fc.constantFrom(["[", "]"], ['{"a":', "}"], ['[{"":', "}]"]),
    fc.constantFrom(...DEPTHS),
    fc.boolean(),
  )
  .map(([[open = "", close = ""], depth, closes]) =>
    closes ? `${open.repeat(depth)}0${close.repeat(depth)}` : open.repeat(depth),
  );
const long = fc
  .tuple(fc.constantFrom("a", "9", "\\\\", "\\u0041", "é", "/", "-", " "), fc.constantFrom(...LENGTHS))
  .map(([unit, length]) => `"${unit.repeat(length)}"`);
const longNumber = fc.constantFrom(...LENGTHS).map((length) => "9".repeat(length));
const many = fc
  .tuple(fc.constantFrom("{}", "[]", '""', "0"), fc.constantFrom(...COUNTS), fc.boolean())
  .map(([item, count, named]) => {
    const items = Array.from({ length: count }, (_, at) => (named ? `"k${at}":${item}` : item));
    return named ? `{${items.join()}}` : `[${items.join()}]`;
  });

/** A document, or something else, to stand in place of a value. `words` are of the format that is read. */
export function fragments(words: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...TOKENS) },
    { weight: 12, arbitrary: fc.constantFrom(...STRINGS, ...words).map((text) => JSON.stringify(text)) },
    {
      weight: 4,
      arbitrary: fc.string({ unit: "binary", maxLength: 40 }).map((text) => JSON.stringify(text)),
    },
    { weight: 4, arbitrary: fc.json({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.oneof(deep, long, longNumber, many) },
  );
}

/** A key, as text within quotes that JSON allows. */
export const keys: fc.Arbitrary<string> = fc
  .oneof(fc.constantFrom(...NAMES), fc.string({ unit: "binary", maxLength: 20 }))
  .map((name) => JSON.stringify(name));
