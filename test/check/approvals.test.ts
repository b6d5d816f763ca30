import { describe, expect, it } from "vitest";
import { countApprovals, neededApprovals } from "../../lib/check/approvals.ts";
import type { PullRequest } from "../../lib/ports.ts";
import { pullRequest } from "./facts.ts";

type Reviews = PullRequest["reviews"];

const of = (...words: string[]): Reviews =>
  words.map((word) => {
    const [reviewer = "", state = ""] = word.split(" ");
    if (!isState(state)) throw new Error(`no state: ${state}`);
    return { reviewer, state };
  });
const isState = (text: string): text is Reviews[number]["state"] =>
  ["approved", "changes-requested", "dismissed", "commented", "pending"].includes(text);

describe("the approvals of a pull request, of which each reviewer's latest word counts", () => {
  it.each<[string, Reviews, number]>([
    ["no review is none", of(), 0],
    ["one approval", of("grace approved"), 1],
    ["two people's", of("grace approved", "alan approved"), 2],
    [
      "one person's twice is one (Voucher counted reviews, not people)",
      of("grace approved", "grace approved"),
      1,
    ],
    ["in whatever case GitHub spells the name", of("Grace approved", "grace approved"), 1],
    ["a comment is none", of("grace commented"), 0],
    ["a comment leaves an approval standing", of("grace approved", "grace commented"), 1],
    ["a review that was begun leaves an approval standing", of("grace approved", "grace pending"), 1],
    ["a dismissal ends an approval", of("grace approved", "grace dismissed"), 0],
    ["a request for changes ends an approval", of("grace approved", "grace changes-requested"), 0],
    ["an approval ends a request for changes", of("grace changes-requested", "grace approved"), 1],
    ["a request of another's takes nothing away", of("grace approved", "alan changes-requested"), 1],
    ["the author's own does not count", of("ada approved"), 0],
    ["nor in other case", of("Ada approved", "grace approved"), 1],
  ])("%s", (_, reviews, count) => {
    expect(countApprovals(pullRequest({ author: "ada", reviews }))).toBe(count);
  });

  it("knows the author in whatever case GitHub spells the name", () => {
    expect(countApprovals(pullRequest({ author: "Ada", reviews: of("ada approved") }))).toBe(0);
  });

  it("counts every reviewer where the author is gone", () => {
    const { author: _, ...anonymous } = pullRequest({ reviews: of("grace approved") });
    expect(countApprovals(anonymous)).toBe(1);
  });
});

describe("enough approvals", () => {
  it.each([0, 1, 2, 6])(
    "are %i where the protection of the base branch asks for as many (Voucher's rule)",
    (count) => {
      expect(neededApprovals({ ...pullRequest(), requiredApprovals: count })).toBe(count);
    },
  );

  it("are one where nothing is known of the base branch", () => {
    expect(neededApprovals(pullRequest())).toBe(1);
  });
});
