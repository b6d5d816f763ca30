import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

describe("what is known and not built yet", () => {
  it.each([
    ['signer = "pkix"\nmetadata_client = "oci"', 'metadata_client: "oci" is not built yet; leave it out'],
  ])("is an error where it is switched on: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toEqual([`voucher.toml: ${problem}`]);
  });

  it("is no error where it is not", async () => {
    const text = "[checks]\napproved = false";
    expect((await load(text)).warnings).toEqual([]);
  });
});
