import { describe, expect, it } from "vitest";
import { pass } from "../../lib/check/contract.ts";
import { provenance } from "../../lib/check/provenance.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { BuildRecord } from "../../lib/ports.ts";
import { build, evidenceWith, TRUST } from "./facts.ts";

const judge = (found: readonly BuildRecord[]) => provenance(TRUST).judge(evidenceWith({ builds: { found } }));

describe("provenance", () => {
  it("passes an image of which one build record is trusted, whatever the others say", async () => {
    expect(await judge([build()])).toEqual(pass);
    expect(await judge([build({ builder: "eve" }), build()])).toEqual(pass);
  });

  it("fails where records exist and none is trusted, and says what was found", async () => {
    expect(await judge([build({ builder: "eve" })])).toEqual({
      status: "fail",
      reason:
        'no build record is trusted: projects/acme-builds/occurrences/1 was built by "eve", whom trusted_builder_identities does not name',
    });
  });

  it("is pending without a record", async () => {
    expect((await judge([])).status).toBe("pending");
  });

  it("throws what the evidence throws", async () => {
    const fault = new VoucherError("unavailable", "busy", { retryable: true });
    const evidence = { ...evidenceWith({}), builds: () => Promise.reject(fault) };
    await expect(provenance(TRUST).judge(evidence)).rejects.toBe(fault);
  });
});
