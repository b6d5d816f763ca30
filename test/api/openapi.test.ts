import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { openApi } from "../../lib/api/openapi.ts";
import { DESCRIPTION, undescribed } from "./described.ts";

describe("docs/openapi.json", () => {
  it("is what the code generates; `node test/api/write-openapi.ts` writes it anew", () => {
    expect(DESCRIPTION).toEqual(JSON.parse(JSON.stringify(openApi())));
  });

  it("is an OpenAPI 3.1 document", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(DESCRIPTION))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  it("knows an answer that it does not describe", () => {
    const verdict = { image: "a", kind: "image", success: true, attested: true, results: [], platforms: [] };
    const answered = { status: 200, contentType: "application/json" };
    const faultsOf = (value: object) =>
      undescribed("/{name}", "post", { ...answered, body: JSON.stringify(value) });
    expect(faultsOf({ ...verdict, skipped: [] })).toEqual([]);
    expect(faultsOf(verdict)).toHaveLength(1);
    expect(faultsOf({ ...verdict, skipped: [], more: 1 })).toHaveLength(1);
    expect(faultsOf({ ...verdict, skipped: [], kind: "list" })).toHaveLength(1);
    expect(undescribed("/{name}", "post", { ...answered, status: 418, body: "" })).toHaveLength(1);
  });
});
