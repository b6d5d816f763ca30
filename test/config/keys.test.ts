import { describe, expect, it } from "vitest";
import { normalizeKeys } from "../../lib/config/keys.ts";

describe("the keys of a document", () => {
  it("are the same in any case, as they are to Voucher", () => {
    expect(normalizeKeys({ DryRun: true, Checks: { Nobody: true }, KMS_keys: [{ Check: "diy" }] })).toEqual({
      dryrun: true,
      checks: { nobody: true },
      kms_keys: [{ check: "diy" }],
    });
  });

  it("keep their case where they belong to a check of one's own", () => {
    const document = { checks: { mine: { module: "./m.js", options: { maxAge: 3 } } } };
    expect(normalizeKeys(document)).toEqual(document);
  });

  it("may not be the same but for their case", () => {
    expect(() => normalizeKeys({ server: { Port: 1, port: 2 } })).toThrow("server.port: is given twice");
  });

  it("may not be __proto__, and change no prototype", () => {
    expect(() => normalizeKeys(JSON.parse('{"checks": {"__proto__": {"nobody": true}}}'))).toThrow(
      "checks.__proto__: is not accepted as a name",
    );
    expect({}).not.toHaveProperty("nobody");
  });

  it.each([[[]], ["text"], [3]])("are looked for in a table, not in %j", (document) => {
    expect(() => normalizeKeys(document)).toThrow("must be a table");
  });

  it("are none in an empty document", () => {
    expect(normalizeKeys(null)).toEqual({});
  });

  it("end somewhere, even where a document holds itself", () => {
    const document: { [key: string]: unknown } = {};
    document["checks"] = document;
    expect(() => normalizeKeys(document)).toThrow("nested too deeply");
  });
});
