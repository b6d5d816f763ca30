import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEjson } from "../../../lib/config/secrets/ejson.ts";
import { folderWith, problemsOf } from "../folder.ts";
import { EJSON_DOCUMENT, EJSON_KEY, EJSON_PLAIN } from "./ejson-sample.ts";

const TOKEN = EJSON_DOCUMENT.repositories.acme.token;

async function read(
  document: unknown,
  keys: { readonly [name: string]: string } = { [EJSON_KEY.public]: EJSON_KEY.private },
) {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const entries = Object.entries(keys).map(([name, key]) => [`keys/${name}`, key]);
  const folder = await folderWith({ "s.ejson": text, ...Object.fromEntries(entries) });
  return readEjson(join(folder, "s.ejson"), join(folder, "keys"));
}

/** The document with one value more, which stands where nothing else does. */
function withToken(token: unknown) {
  return { _public_key: EJSON_KEY.public, repositories: { acme: { token } } };
}

/** `text` with the character at `index` made another one. */
function changed(text: string, index: number): string {
  const other = text[index] === "A" ? "B" : "A";
  return text.slice(0, index) + other + text.slice(index + 1);
}

describe("an EJSON file", () => {
  it("is decrypted, as ejson encrypted it", async () => {
    expect(await read(EJSON_DOCUMENT)).toEqual(EJSON_PLAIN);
  });

  it.each([
    ["ends with a line break", { [EJSON_KEY.public]: `${EJSON_KEY.private}\n` }, EJSON_KEY.public],
    [
      "is named in lower case, and the document has it in upper",
      { [EJSON_KEY.public]: EJSON_KEY.private },
      EJSON_KEY.public.toUpperCase(),
    ],
  ])("is decrypted with a key that %s", async (_, keys, _public_key) => {
    expect(await read({ ...EJSON_DOCUMENT, _public_key }, keys)).toMatchObject({
      datadog: EJSON_PLAIN.datadog,
    });
  });

  it("may hold an empty text, and what is no text at all", async () => {
    const EMPTY =
      "EJ[1:rIZzSLjxa7bdwsbCp+36OWfeeiMpZ+f31d0N+7rZqTw=:XMmgJ2QyqndZBN37PAde0V0VCqfyht9A:26eHkAiO4qN03qpN2bqDKQ==]";
    const document = { _public_key: EJSON_KEY.public, empty: EMPTY, number: 3, yes: true, list: [TOKEN, 1] };
    expect(await read(document)).toMatchObject({ empty: "", number: 3, yes: true, list: ["the-token", 1] });
  });

  it("leaves alone what stands under a name with an underscore, but not what stands in a table there", async () => {
    const document = {
      _public_key: EJSON_KEY.public,
      _plain: "as it is",
      _table: { inner: TOKEN, _list: ["x"] },
    };
    expect(await read(document)).toMatchObject({
      _plain: "as it is",
      _table: { inner: "the-token", _list: ["x"] },
    });
  });

  it.each([
    ["is not encrypted", "s3cret", "is not encrypted; run `ejson encrypt` on the file"],
    ["was cut", TOKEN.slice(0, -6), "is not encrypted; run `ejson encrypt` on the file"],
    [
      "is of another version",
      TOKEN.replace("EJ[1", "EJ[2"),
      "is encrypted in version 2 of the format; only 1 is known",
    ],
    ["has another content", changed(TOKEN, 90), "cannot be decrypted: it is for another key, or was changed"],
    ["has another nonce", changed(TOKEN, 55), "cannot be decrypted: it is for another key, or was changed"],
    ["has another sender", changed(TOKEN, 10), "cannot be decrypted: it is for another key, or was changed"],
    [
      "has base64 that is none",
      TOKEN.replace(/==\]$/, "=A]"),
      "cannot be decrypted: it is for another key, or was changed",
    ],
    [
      "comes from a point that shares no secret",
      TOKEN.replace(/:[^:]{44}:/, `:${Buffer.alloc(32).toString("base64")}:`),
      "cannot be decrypted: it is for another key, or was changed",
    ],
    [
      "is too short to be a box",
      TOKEN.replace(/:[^:]+\]$/, ":AAAA]"),
      "cannot be decrypted: it is for another key, or was changed",
    ],
  ])("is refused where a value %s", async (_, token, problem) => {
    expect(await problemsOf(read(withToken(token)))).toEqual([
      `s.ejson: repositories.acme.token: ${problem}`,
    ]);
  });

  it("tells of every value that cannot be decrypted", async () => {
    const document = {
      _public_key: EJSON_KEY.public,
      datadog: { api_key: "one", app_key: changed(TOKEN, 90) },
    };
    expect(await problemsOf(read(document))).toEqual([
      "s.ejson: datadog.api_key: is not encrypted; run `ejson encrypt` on the file",
      "s.ejson: datadog.app_key: cannot be decrypted: it is for another key, or was changed",
    ]);
  });

  const NO_KEY = "s.ejson: has no _public_key of 64 hexadecimal digits, so it is no EJSON file";
  it.each([
    ["no public key", { datadog: {} }, NO_KEY],
    ["a public key that is none", { _public_key: "your pubkey goes here" }, NO_KEY],
    ["a public key that climbs out of the folder", { _public_key: "../../etc/passwd" }, NO_KEY],
    ["no JSON", '{"token": "s3cret"', "s.ejson: cannot be read as JSON"],
    ["a list", "[]", "s.ejson: must be a table of settings at its top"],
    ["a name twice", '{"a": "s3cret", "a": "x"}', "s.ejson: cannot be read as JSON"],
    [
      "a name twice, but for its case",
      '{"A": "s3cret", "a": "x"}',
      "s.ejson: one of its names is given twice, in different cases",
    ],
    [
      "too many levels",
      `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "s.ejson: one of its names is nested too deeply",
    ],
  ])("is refused with %s", async (_, document, problem) => {
    const [found, ...more] = await problemsOf(read(document));
    expect(found?.replace(/ \(line \d+, column \d+\)$/, "")).toBe(problem);
    expect(more).toEqual([]);
  });

  it.each([
    ["is not there", {}, "cannot be read: there is no such file"],
    [
      "holds no key",
      { [EJSON_KEY.public]: "s3cret" },
      "is no private key of EJSON: 64 hexadecimal digits, as `ejson keygen` prints them",
    ],
    [
      "holds another key",
      { [EJSON_KEY.public]: "11".repeat(32) },
      "holds the private key of another public key than its name says",
    ],
  ])("is refused where the file of its private key %s", async (_, keys, problem) => {
    expect(await problemsOf(read(EJSON_DOCUMENT, keys))).toEqual([`${EJSON_KEY.public}: ${problem}`]);
  });
});
