import { describe, expect, it } from "vitest";
import { aliasOf, isCheckName, isName, organisationCheck } from "../../lib/check/names.ts";

const LONGEST = "a".repeat(63);

describe("a name", () => {
  it.each(["diy", "7zip", "my-check", "my_check", "v1.2", LONGEST])("may be %s", (name) => {
    expect(isName(name)).toBe(true);
    expect(isCheckName(name)).toBe(true);
  });

  it.each(["", "DIY", "-a", ".a", "_a", "a/b", "../a", "a b", "ü", `${LONGEST}a`])(
    "may not be %j",
    (name) => {
      expect(isName(name)).toBe(false);
      expect(isCheckName(name)).toBe(false);
    },
  );
});

describe("the check of an organisation", () => {
  it("may be as long as its alias may be, and is", () => {
    expect(isCheckName(organisationCheck(LONGEST))).toBe(true);
    expect(isCheckName(organisationCheck(`${LONGEST}a`))).toBe(false);
    expect(isCheckName(organisationCheck(""))).toBe(false);
    expect(aliasOf(organisationCheck("acme"))).toBe("acme");
  });
});
