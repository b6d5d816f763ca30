import { parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import * as queries from "../../lib/evidence/github-query.ts";
import { githubSchema } from "../support/github.ts";

describe("every query", () => {
  it.each(Object.entries(queries))("%s is one that GitHub's published schema allows", (_, { document }) => {
    expect(validate(githubSchema(), parse(document)).map(({ message }) => message)).toEqual([]);
  });

  it("would not pass with a field that does not exist", () => {
    const wrong = queries.COMMIT.document.replace("nameWithOwner", "fullName");
    expect(validate(githubSchema(), parse(wrong))).not.toEqual([]);
  });
});
