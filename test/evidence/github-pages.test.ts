import { describe, expect, it } from "vitest";
import { readPages } from "../../lib/evidence/github-pages.ts";
import { asking, failureOf, HEAD, withHead } from "./github-asking.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("more than fits on a page", () => {
  it("of check runs is read to the end: one that fails may stand on the last page", async () => {
    const contexts = [
      ...numbers(204).map((index) => ({ run: `test-${index}` })),
      { run: "last", conclusion: "FAILURE" },
    ];
    const { fake, commit } = await asking({ repositories: [withHead({ contexts, rollup: "FAILURE" })] });
    expect((await commit()).ci).toEqual({ state: "failed", failing: ["last"] });
    expect(fake.queries).toEqual(["VoucherCommit", "VoucherContexts", "VoucherContexts"]);
  });

  it("of reviews is read to the end, and in order: the last one may take an approval back", async () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    const reviews = [
      ...numbers(120).map((minute) => ({ by: "grace", state: "APPROVED", at: at(minute) })),
      { by: "grace", state: "CHANGES_REQUESTED", at: at(999) },
    ];
    const pullRequests = [{ number: 1, mergedBy: HEAD, reviews }];
    const { fake, commit } = await asking({ repositories: [withHead({ pullRequests })] });
    const [pullRequest] = (await commit()).pullRequests;
    expect(pullRequest?.reviews).toHaveLength(121);
    expect(pullRequest?.reviews.at(-1)).toEqual({ reviewer: "grace", state: "changes-requested" });
    expect(fake.queries).toEqual(["VoucherCommit", "VoucherReviews"]);
  });

  it("of pull requests is read to the end, with the reviews of each", async () => {
    const reviews = numbers(3).map((index) => ({ by: `reviewer-${index}`, state: "APPROVED" }));
    const pullRequests = numbers(5).map((number) => ({ number, reviews }));
    const { fake, commit } = await asking({ repositories: [withHead({ pullRequests })], pageSize: 2 });
    const found = (await commit()).pullRequests;
    expect(found.map(({ number, reviews }) => [number, reviews.length])).toEqual(
      numbers(5).map((number) => [number, 3]),
    );
    expect(fake.queries.filter((name) => name === "VoucherPullRequests")).toHaveLength(2);
    expect(fake.queries.filter((name) => name === "VoucherReviews")).toHaveLength(5);
  });

  it("of a branch's rules is read to the end", async () => {
    const repository = withHead(
      { pullRequests: [{ number: 1 }] },
      { rulesets: [1, undefined, 1, undefined, 4] },
    );
    const { fake, commit } = await asking({ repositories: [repository], pageSize: 2 });
    expect((await commit()).pullRequests[0]?.requiredApprovals).toBe(4);
    expect(fake.queries.filter((name) => name === "VoucherRules")).toHaveLength(2);
  });

  it("leaves no half-read commit where a later page fails", async () => {
    const contexts = numbers(3).map((index) => ({ run: `test-${index}` }));
    const { failure } = await asking({
      repositories: [withHead({ contexts })],
      pageSize: 2,
      before: ({ body }) => (body.includes("VoucherContexts") ? { status: 404, body: "gone" } : undefined),
    });
    expect(await failure()).toMatchObject({ code: "not-found" });
  });
});

describe("pages that never end", () => {
  const page = (endCursor: string | null, hasNextPage = true) => ({
    nodes: [1],
    pageInfo: { hasNextPage, endCursor },
  });

  it("are given up where they go in a circle", async () => {
    const circle = readPages(page("a"), async (after) => page(after === "a" ? "b" : "a"), "check runs");
    expect(await failureOf(circle)).toMatchObject({
      code: "malformed",
      message: expect.stringContaining("check runs"),
    });
  });

  it("are given up where the next one has no address", async () => {
    const lost = readPages(page(null), async () => page("a"), "check runs");
    expect(await failureOf(lost)).toMatchObject({ code: "malformed" });
  });

  it("are given up after fifty", async () => {
    let asked = 1;
    const endless = readPages(
      page("1"),
      async () => {
        asked += 1;
        return page(String(asked));
      },
      "check runs",
    );
    expect(await failureOf(endless)).toMatchObject({ code: "limit", retryable: false });
    expect(asked).toBe(50);
  });
});
