import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson, refuseCaseVariants, reservedKeys } from "../../lib/image/json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parsing = (text: string) => () => parseJson(bytes(text));
const malformed = expect.objectContaining({ name: "VoucherError", code: "malformed", retryable: false });

const documents = fc.anything({
  values: [
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ min: -1, max: 1, noNaN: true }),
  ],
});

describe("a JSON document that everyone reads the same", () => {
  it("is read as JSON.parse reads it, whatever is in it", () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(undefined, 2, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ["the same key in two objects", '[{"a":1},{"a":1}]'],
    ["the same key at two depths", '{"a":{"a":{"a":1}}}'],
    ["a key that equals a value", '{"a":"a","b":"a"}'],
    ["what looks like a key within a string", '{"a":"\\"a\\":1","b":"{\\"b\\":1}"}'],
    ["a backslash at the end of a string", '{"a":"\\\\","b":"\\\\\\""}'],
    ["the largest integer of a double", '{"a":9007199254740991,"b":-9007199254740991}'],
    ["fractions and exponents", "[0.1,1e3,-2.5E-7,1e-400]"],
    ["true, false and null", '{"a":true,"b":false,"c":null}'],
    ["keys of Object.prototype", '{"__proto__":1,"constructor":2,"toString":3}'],
    ["white space anywhere", ' { "a" : [ 1 , 2 ] , "b" : { } } \n'],
  ])("may have %s", (_, text) => {
    expect(parsing(text)()).toEqual(JSON.parse(text));
  });
});

describe("a key given twice in one object", () => {
  it.each([
    ["side by side", '{"a":1,"a":2}'],
    ["with others between", '{"a":1,"b":{"a":1},"a":2}'],
    ["with the same value", '{"a":1,"a":1}'],
    ["once with an escape", '{"a":1,"\\u0061":2}'],
    ["both with escapes", '{"\\u0061":1,"\\u0061":2}'],
    ["with an escaped solidus", '{"a/b":1,"a\\/b":2}'],
    ["with an escape in the other case", '{"\\u00e9":1,"\\u00E9":2}'],
    ["with a surrogate pair", '{"😀":1,"\\ud83d\\ude00":2}'],
    ["the empty key", '{"":1,"":2}'],
    ["__proto__", '{"__proto__":1,"__proto__":2}'],
    ["deep within", '[[{"x":[{"a":1,"a":2}]}]]'],
    ["with white space before the colon", '{"a" :1,"a"\n:2}'],
    ["after an object closed", '{"a":{"b":[{}]},"a":{}}'],
  ])("is refused: %s", (_, text) => {
    expect(parsing(text)).toThrow(malformed);
  });

  it("is found wherever it stands in a document", () => {
    const key = fc.string({ maxLength: 5 });
    fc.assert(
      fc.property(key, fc.jsonValue(), fc.jsonValue(), fc.nat(3), (key, one, other, depth) => {
        const name = JSON.stringify(key);
        const escaped = `"${[...key].map((c) => [...Array(c.length).keys()].map((at) => `\\u${c.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")).join("")}"`;
        const text = `{${name}:${JSON.stringify(one)},"between":{},${escaped}:${JSON.stringify(other)}}`;
        expect(parsing('{"x":['.repeat(depth) + text + "]}".repeat(depth))).toThrow(malformed);
      }),
    );
  });

  it("is quoted in part only, however long it is", () => {
    const key = "k".repeat(1_000_000);
    expect(parsing(`{"${key}":1,"${key}":2}`)).toThrow(/^the key "k{1,200}…" is given twice$/);
  });
});

describe("a number that not everyone reads the same", () => {
  it.each([
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "18446744073709551616",
    "1e400",
    "-1e400",
    "1e16",
    "1".repeat(400),
  ])("is refused: %s", (number) => {
    expect(parsing(`{"size":${number}}`)).toThrow(malformed);
    expect(parsing(`[1,${number} ]`)).toThrow(malformed);
    expect(parsing(number)).toThrow(malformed);
  });

  it("is no concern within a string", () => {
    expect(parsing('{"size":"18446744073709551616"}')()).toEqual({ size: "18446744073709551616" });
  });
});

describe("what is no JSON document", () => {
  it.each([
    "",
    " ",
    "{",
    "{]",
    "[1,]",
    "{'a':1}",
    '{"a":1}{}',
    "NaN",
    "01",
    '"\t"',
    "{a:1}",
    "// x\n1",
    '"\\x41"',
  ])("is refused: %j", (text) => {
    expect(parsing(text)).toThrow(malformed);
  });

  it.each([
    ["an invalid byte in a string", [0x22, 0xff, 0x22]],
    ["an overlong encoding", [0x22, 0xc0, 0xaf, 0x22]],
    ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["a sequence that is cut off", [0x22, 0xe2, 0x82, 0x22]],
    ["UTF-16", [0x00, 0x7b, 0x00, 0x7d]],
  ])("is refused where its bytes are not UTF-8: %s", (_, document) => {
    expect(() => parseJson(Uint8Array.from(document))).toThrow(malformed);
  });

  it("is never told by any other error than ours", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', '"\\"', "1", "-", "null", " "))
        .map((all) => all.join("")),
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), text.map(bytes)), (document) => {
        try {
          parseJson(document);
        } catch (fault) {
          expect(fault).toEqual(malformed);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a hostile document of some MiB", () => {
  const MIB = 1024 * 1024;
  it.each<[string, string]>([
    ["one long string", `["${"a".repeat(20 * MIB)}"]`],
    ["millions of escapes in one string", `["${"\\n".repeat(10 * MIB)}"]`],
    ["millions of escaped quotes", `["${'\\"'.repeat(4 * MIB)}"]`],
    ["millions of escaped backslashes", `["${"\\\\".repeat(4 * MIB)}"]`],
    ["one long key of escapes", `{"${"\\u0061".repeat(MIB)}":1}`],
    ["one long number", `[0.${"0".repeat(20 * MIB)}1]`],
    ["one long integer", "1".repeat(20 * MIB)],
    ["hundreds of thousands of keys", `{${Array.from({ length: 300_000 }, (_, at) => `"${at}":0`).join()}}`],
    ["a million empty objects", `[${"{},".repeat(MIB)}0]`],
    ["a million nested arrays", "[".repeat(MIB) + "]".repeat(MIB)],
    ["a million nested objects", `${'{"a":'.repeat(MIB)}1${"}".repeat(MIB)}`],
    ["nesting that never closes", "[".repeat(4 * MIB)],
    ["white space", `[${" ".repeat(20 * MIB)}]`],
  ])("is read or refused in bounded time: %s", (_, text) => {
    const document = bytes(text);
    const started = performance.now();
    try {
      parseJson(document);
    } catch (fault) {
      expect(fault).toEqual(malformed);
    }
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it("is refused where it nests deeper than other readers follow", () => {
    expect(parsing("[".repeat(10_001) + "]".repeat(10_001))).toThrow(/nested/);
    expect(parsing("[".repeat(1_000) + "]".repeat(1_000))).not.toThrow();
  });
});

describe("a reserved key in another case", () => {
  const reserved = reservedKeys("mediaType", "size", "os.version", "links");

  it.each([
    "MediaType",
    "mediatype",
    "MEDIATYPE",
    "Size",
    "ſize",
    "ſIZE",
    "linKs",
    "OS.Version",
    "lin\u212as",
  ])("is refused: %s", (key) => {
    expect(() => refuseCaseVariants({ [key]: 1 }, reserved)).toThrow(malformed);
  });

  it.each(["mediaType", "size", "os.version", "sizes", "osversion", "__proto__", "ß"])(
    "is not: %s",
    (key) => {
      expect(() => refuseCaseVariants(JSON.parse(`{${JSON.stringify(key)}:1}`), reserved)).not.toThrow();
    },
  );

  it("is refused beside the right one too", () => {
    expect(() => refuseCaseVariants({ size: 1, Size: 2 }, reserved)).toThrow(
      'the key "Size" can be read as "size"',
    );
  });
});
