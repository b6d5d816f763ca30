import { describe, expect, it } from "vitest";
import { error, fail, type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { allOf, anyOf } from "../../lib/check/outcomes.ts";
import { VoucherError } from "../../lib/errors.ts";

const open = pending("build", "soon");
const permanent = error(new VoucherError("not-found", "it is gone"));
const passing = error(new VoucherError("network", "it broke off", { retryable: true }));

describe("where one pass is enough", () => {
  it.each<[string, readonly Outcome[], Outcome]>([
    ["one passes, whatever the others are", [fail("no"), passing, permanent, open, pass], pass],
    ["a fault that may pass comes first", [fail("no"), permanent, open, passing], passing],
    ["then what is awaited", [fail("no"), permanent, open], open],
    ["then what cannot be answered", [fail("no"), permanent], permanent],
    ["and all failures together fail, each reason once", [fail("a"), fail("b"), fail("a")], fail("a; b")],
  ])("%s", (_, outcomes, outcome) => {
    expect(anyOf(outcomes)).toEqual(outcome);
  });
});

describe("where each must pass", () => {
  it.each<[string, readonly Outcome[], Outcome]>([
    ["all pass", [pass, pass], pass],
    ["a failure decides, whatever is open", [pass, passing, open, permanent, fail("no")], fail("no")],
    ["then a fault that may pass", [pass, open, permanent, passing], passing],
    ["then what is awaited", [pass, permanent, open], open],
    ["then what cannot be answered", [pass, permanent], permanent],
  ])("%s", (_, outcomes, outcome) => {
    expect(allOf(outcomes)).toEqual(outcome);
  });
});

it("of nothing there is no pass", () => {
  expect([anyOf([]).status, allOf([]).status]).toEqual(["error", "error"]);
});
